// The whole browser suite in one process, so that each browser is started once. `tests/run browser` runs it.

import { closeBrowsers } from './harness/browsers.mjs';
import { allOver } from './harness/scenario.mjs';

await import('./cases/call.mjs');
await import('./cases/room.mjs');
await import('./cases/hosts.mjs');
await import('./cases/relay.mjs');
await import('./cases/devices.mjs');
await import('./cases/phone.mjs');
await import('./cases/screen.mjs');
await import('./cases/view.mjs');
await import('./cases/adapt.mjs');
await import('./cases/board.mjs');
await import('./cases/chat.mjs');
await import('./cases/files.mjs');
await import('./cases/downloads.mjs');
await import('./cases/recovery.mjs');
await import('./cases/cluster.mjs');
await import('./cases/test.mjs');
await import('./cases/manual.mjs');
await import('./cases/page.mjs');
await import('./cases/access.mjs');
await import('./cases/sight.mjs');
await import('./cases/looks.mjs');
await import('./cases/admin.mjs');
await import('./cases/trusted.mjs');
await import('./cases/firefox.mjs');

await allOver();
await closeBrowsers();
