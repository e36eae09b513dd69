/**
 * The worker around a `Clerk`: messages in, messages out.
 */
import { systemClock } from '../clock.js';
import { Clerk } from './clerk.js';
import { clearLeftovers, kept, open, remove } from './shelf.js';

const scope = /** @type {import('./disk.js').WorkerLike} */ (/** @type {unknown} */ (globalThis));
const clerk = new Clerk((answer, transfer) => scope.postMessage(answer, transfer), { open, kept, remove }, systemClock);
scope.onmessage = ({ data }) => void clerk.handle(data);
void clearLeftovers();
