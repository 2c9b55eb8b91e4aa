/** Entry of worker processes for the engine's benchmarks. */
import { serveProcess } from '../engine/worker-process.js';
import { registry } from './trivial-tasks.js';

serveProcess(registry, () => 'none');
