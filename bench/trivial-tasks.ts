/** Tasks that do next to nothing, so that what is measured is the engine. */
import { defineTask, jsonOutput, Registry, type Json } from '../engine/task.js';

const params = {
  type: 'object',
  properties: { value: { description: 'Given back.', default: null } },
  additionalProperties: false,
} as const;
const outputs = { out: { type: 'json', summary: 'the parameter' } } as const;

const single = defineTask<{ value: Json }>({
  name: 'trivial.single',
  version: 1,
  summary: 'Gives back its parameter, one instance a call.',
  params,
  inputs: {},
  outputs,
  run: ({ params: { value } }) => ({ out: jsonOutput(value) }),
});

const batch = defineTask<{ value: Json }>({
  name: 'trivial.batch',
  version: 1,
  summary: 'Gives back its parameter, many instances a call.',
  params,
  inputs: {},
  outputs,
  batch: { shared: [], varies: ['value'] },
  async runBatch({ items, announce, emit }) {
    for (const [i, { params: own }] of items.entries()) {
      announce(i);
      await emit(i, { out: jsonOutput(own.value) });
    }
  },
});

export const registry = new Registry([single, batch]);
