/** Entry of worker processes in graph tests. */
import { serveJobs } from '../../../dist/engine/worker.js';
import { registry } from './toy-tasks.mjs';

const send = (message) => new Promise((resolve) => process.send(message, () => resolve()));
const serve = serveJobs({ registry, objectFolder: process.argv[2], backend: () => 'toy', send });
let queue = Promise.resolve();
process.on('message', (job) => {
  queue = queue.then(() => serve(job));
});
process.on('disconnect', () => process.exit(0));
