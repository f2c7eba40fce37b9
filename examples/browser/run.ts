/** `npm run example:browser`: the whole example on this machine, until Ctrl-C. PORT is the page's; default: 8000. */
import { setStage } from './stage.ts';

const port = Number(process.env['PORT'] ?? 8000);
const stage = await setStage({ port }).catch((error: NodeJS.ErrnoException) => {
  if (error.code !== 'EADDRINUSE') throw error;
  console.error(`Port ${port} is taken. Set PORT to another one; 0 takes a free one.`);
  process.exit(1);
});
let closing: Promise<void> | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // One Ctrl-C can arrive twice, from the terminal and from npm.
  process.on(signal, () => {
    closing ??= stage.close();
  });
}

console.log(`Open ${stage.url}

  alice  wx_sales_1 may add people; wx_sales_2 has not been online for 72 hours
  bob    wx_support_1 has a slow list: refresh it, and the saved one comes after 3 seconds

The gateway is at ${stage.gatewayUrl}. Press Ctrl-C to stop.`);
