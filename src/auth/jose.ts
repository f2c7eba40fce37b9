/**
 * The library for tokens. Loaded when the first one comes: it takes 4 MB, and most gateways only ever see keys.
 */
export const loadJose = () => import('jose');

export type Jose = Awaited<ReturnType<typeof loadJose>>;
