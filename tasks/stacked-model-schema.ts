/**
 * What a file must hold to be a StackedModel: its shape as a JSON schema, and what no schema can say - lists of equal length, trees
 * that end. A model that passes can be applied to anybody without a crash or a loop.
 */
import { Ajv, type ErrorObject, type JSONSchemaType, type ValidateFunction } from 'ajv';
import { TaskError, type Json } from '../engine/task.js';
import type { Tree } from '../stats/boosting-tree.js';
import type { LayerModel, StackModel } from '../stats/stack.js';
import { SNPS } from './snp-modality.js';
import type { StackedModel } from './stacked-model.js';

const number = { type: 'number' };
const text = { type: 'string' };
const listOf = (items: object): object => ({ type: 'array', items });
const oneOf = (...types: string[]): object => ({ type: types });

const TREE_LISTS = ['feature', 'threshold', 'missingLeft', 'left', 'right', 'value'] as const;

/** Of both kinds of learner; `learner` tells which fields there are. */
const LAYER = {
  type: 'object',
  required: ['status'],
  properties: { status: text, name: text, features: listOf(text), intercept: number },
  if: { properties: { learner: { const: 'boosting' } }, required: ['learner'] },
  then: {
    required: ['boosted'],
    properties: {
      boosted: {
        type: 'object',
        required: ['loss', 'status', 'baseline', 'trees'],
        properties: {
          baseline: oneOf('number', 'null'),
          trees: listOf({
            type: 'object',
            required: [...TREE_LISTS],
            properties: Object.fromEntries(TREE_LISTS.map((name) => [name, listOf(number)])),
          }),
        },
      },
    },
  },
  else: {
    required: ['coef', 'intercept'],
    properties: { coef: listOf(number), means: listOf(number) },
  },
};

const SCHEMA = {
  type: 'object',
  required: ['target', 'configurations'],
  properties: {
    target: {
      type: 'object',
      required: ['mean', 'sd'],
      properties: { mean: number, sd: { type: 'number', exclusiveMinimum: 0 } },
    },
    snps: {
      type: 'object',
      required: ['build', 'variants'],
      properties: {
        build: { enum: ['GRCh36', 'GRCh37', 'GRCh38', null] },
        variants: listOf({
          type: 'object',
          required: ['id', 'chr', 'pos', 'counted', 'other', 'frequency'],
          properties: {
            id: text,
            chr: text,
            pos: { type: 'integer', minimum: 0 },
            counted: { type: 'string', minLength: 1 },
            other: { type: 'string', minLength: 1 },
            frequency: { type: 'number', minimum: 0, maximum: 1 },
          },
        }),
      },
    },
    scales: {
      type: 'object',
      additionalProperties: listOf({
        type: 'object',
        required: ['feature', 'mean', 'sd'],
        properties: { feature: text, mean: number, sd: { type: 'number', minimum: 0 } },
      }),
    },
    configurations: {
      type: 'object',
      minProperties: 1,
      additionalProperties: {
        type: 'object',
        required: ['mode', 'trainingRows', 'modalities', 'layerTwo'],
        properties: {
          mode: { enum: ['faithful', 'recommended'] },
          trainingRows: { type: 'integer', minimum: 0 },
          modalities: {
            type: 'array',
            minItems: 1,
            items: { allOf: [LAYER, { type: 'object', required: ['name', 'features'] }] },
          },
          layerTwo: { if: { type: 'null' }, then: {}, else: LAYER },
        },
      },
    },
  },
};

let validate: ValidateFunction | undefined;

/** @throws TaskError naming the field, what it should be and what it is */
export function asStackedModel(json: Json, port: string): StackedModel {
  validate ??= new Ajv({ strict: false, strictSchema: true, verbose: true }).compile(
    SCHEMA as unknown as JSONSchemaType<unknown>,
  );
  if (!validate(json)) throw new TaskError(describe(validate.errors!.at(-1)!), { port });
  const model = json as unknown as StackedModel;
  for (const [name, configuration] of Object.entries(model.configurations)) {
    const problem = configurationProblem(configuration, model);
    if (problem) throw new TaskError(`this is no model: configuration '${name}': ${problem}`, { port });
  }
  return model;
}

function describe({ instancePath, message, data }: ErrorObject): string {
  const where = instancePath === '' ? 'the file' : `'${instancePath.slice(1).replaceAll('/', '.')}'`;
  const got = typeof data === 'object' && data !== null ? '' : `, got ${JSON.stringify(data)}`;
  return `this is no model of model.stack: ${where} ${message ?? 'does not fit'}${got}`;
}

function configurationProblem({ modalities, layerTwo }: StackModel, model: StackedModel): string | null {
  const names = modalities.map(({ name }) => name);
  if (new Set(names).size < names.length) return 'a modality occurs twice';
  if ((layerTwo === null) !== (modalities.length === 1))
    return `${modalities.length} modalities and ${layerTwo ? 'a' : 'no'} second layer`;
  for (const modality of modalities) {
    const { name, features } = modality;
    const problem = layerProblem(modality, features.length);
    if (problem) return `modality '${name}': ${problem}`;
    if (name === SNPS && model.snps && features.length !== model.snps.variants.length)
      return `${features.length} features of '${SNPS}' and ${model.snps.variants.length} variants`;
    const scales = model.scales?.[name];
    if (
      scales &&
      (scales.length !== features.length || scales.some(({ feature }, j) => feature !== features[j]))
    )
      return `the scales of '${name}' are not those of its features`;
  }
  const problem = layerTwo && layerProblem(layerTwo, modalities.length);
  return problem ? `layer 2: ${problem}` : null;
}

/** What is wrong with a model of so many inputs. */
function layerProblem(model: LayerModel, inputs: number): string | null {
  if ('coef' in model)
    return model.coef.length === inputs ? null : `${model.coef.length} coefficients for ${inputs} inputs`;
  const bad = model.boosted.trees.findIndex((tree) => !isTree(tree, inputs));
  return bad < 0 ? null : `tree ${bad + 1} is no tree over ${inputs} inputs`;
}

/** Whether every walk from the root ends in a leaf: children come after their parent. */
function isTree(tree: Tree, inputs: number): boolean {
  const nodes = tree.feature.length;
  if (nodes === 0 || TREE_LISTS.some((name) => tree[name].length !== nodes)) return false;
  return tree.feature.every((feature, node) => {
    if (feature === -1) return true;
    const children = [tree.left[node]!, tree.right[node]!];
    return (
      Number.isInteger(feature) &&
      feature >= 0 &&
      feature < inputs &&
      children.every((child) => Number.isInteger(child) && child > node && child < nodes)
    );
  });
}
