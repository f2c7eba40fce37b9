/**
 * What `promise` gives, or `'deadline'` if it takes longer than `ms` milliseconds. The promise itself goes on; a
 * rejection after the deadline is its owner's to handle.
 */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | 'deadline'> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<'deadline'>((resolve) => {
    // Node warns of a negative one.
    timer = setTimeout(() => resolve('deadline'), Math.max(0, ms));
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
