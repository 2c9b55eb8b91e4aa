/**
 * Extract: which fields, instances and arrays the columns of a table hold, whatever their spelling.
 * Not responsible for cells.
 */
import { parseColumn, type UkbColumn } from './column.js';

export interface NamedColumn extends UkbColumn {
  /** As the table spells it. */
  readonly name: string;
}

export class Extract {
  /** By field, sorted by instance, then array. */
  private readonly byField = new Map<number, NamedColumn[]>();

  /** @throws Error when two columns are the same field, instance and array. */
  constructor(names: Iterable<string>) {
    for (const name of names) {
      const column = parseColumn(name);
      if (!column) continue;
      const own = this.byField.get(column.field) ?? [];
      const twin = own.find(({ instance, array }) => instance === column.instance && array === column.array);
      if (twin)
        throw new Error(`columns '${twin.name}' and '${name}' are the same field, instance and array`);
      own.push({ ...column, name });
      this.byField.set(column.field, own);
    }
    for (const own of this.byField.values()) own.sort((a, b) => a.instance - b.instance || a.array - b.array);
  }

  /** Ascending. */
  fields(): number[] {
    return [...this.byField.keys()].sort((a, b) => a - b);
  }

  /** One name for each field, instance and array, in the showcase's spelling. */
  names(): string[] {
    return [...this.byField.values()].flatMap((own) =>
      own.map(({ field, instance, array }) => `${field}-${instance}.${array}`),
    );
  }

  /** The field's columns by instance, then array; of one instance when it is given. */
  columnsOf(field: number, instance?: number): readonly NamedColumn[] {
    const own = this.byField.get(field) ?? [];
    return instance === undefined ? own : own.filter((column) => column.instance === instance);
  }

  /** The column's name; null when it is absent. */
  find(field: number, instance = 0, array = 0): string | null {
    return this.columnsOf(field, instance).find((column) => column.array === array)?.name ?? null;
  }

  /** The field with the nearest number, the smaller of two; null when there is none. */
  nearest(field: number): number | null {
    let nearest: number | null = null;
    for (const other of this.fields()) {
      if (nearest === null || Math.abs(other - field) < Math.abs(nearest - field)) nearest = other;
    }
    return nearest;
  }

  /** One sentence on why `find` gave nothing: the instances or arrays that there are, or the nearest field. */
  whyAbsent(field: number, instance: number, array: number): string {
    const own = this.columnsOf(field);
    const instances = [...new Set(own.map((column) => column.instance))];
    if (instances.includes(instance)) {
      const arrays = this.columnsOf(field, instance).map((column) => column.array);
      return `field ${field} has no array ${array} at instance ${instance}; ${counted('array', arrays)} there`;
    }
    if (own.length > 0) {
      return `field ${field} has no instance ${instance}; ${counted('instance', instances)} there`;
    }
    const nearest = this.nearest(field);
    if (nearest === null)
      return `field ${field} is absent: no column is named as UK Biobank names its fields`;
    const there = [...new Set(this.columnsOf(nearest).map((column) => column.instance))];
    return `field ${field} is absent; the nearest is ${nearest} (${noun('instance', there.length)} ${there.join(', ')})`;
  }
}

const noun = (what: string, count: number): string => (count === 1 ? what : `${what}s`);

const counted = (what: string, which: readonly number[]): string =>
  `${noun(what, which.length)} ${which.join(', ')} ${which.length === 1 ? 'is' : 'are'}`;
