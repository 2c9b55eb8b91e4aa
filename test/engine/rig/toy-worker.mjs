/** Entry of worker processes in graph tests. */
import { serveProcess } from '../../../dist/engine/worker-process.js';
import { registry } from './toy-tasks.mjs';

serveProcess(registry, () => 'toy');
