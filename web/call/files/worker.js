/**
 * The worker around a `Clerk`: messages in, messages out.
 */
import { Clerk } from './clerk.js';
import { clearLeftovers, openSink } from './sinks.js';

const scope = /** @type {import('./disk.js').WorkerLike} */ (/** @type {unknown} */ (globalThis));
const clerk = new Clerk((answer, transfer) => scope.postMessage(answer, transfer), openSink);
scope.onmessage = ({ data }) => void clerk.handle(data);
void clearLeftovers();
