/** Loaded before the program (`node --import`): shifts the clock that the program sees by SKEW_MS. */
const skewMs = Number(process.env['SKEW_MS'] ?? 0);
const now = Date.now.bind(Date);
Date.now = () => now() + skewMs;
