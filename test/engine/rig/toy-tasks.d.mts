import type { Registry } from '../../../engine/task.js';
export const registry: Registry;
