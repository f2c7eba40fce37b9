/** Loaded before the program (`node --import`): the machine's clock is wrong by SKEW_MS, as programs see it. */
const skewMs = Number(process.env['SKEW_MS'] ?? 0);
const now = Date.now.bind(Date);
Date.now = () => now() + skewMs;
