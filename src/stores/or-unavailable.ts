import { Refusal } from '../errors.ts';

/**
 * The same port, with every failure turned into a refusal: a request that cannot be counted is not sent. `onError` gets the
 * reason.
 */
export function orUnavailable<Port extends object>(
  port: Port,
  onError: (error: unknown) => void,
): Port {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        try {
          return (await Reflect.apply(member, target, args)) as unknown;
        } catch (cause) {
          onError(cause);
          throw new Refusal(
            'store-unavailable',
            'The gateway cannot use its store. Nothing was sent to the upstream; try again later.',
            { headers: { 'Retry-After': '5' }, cause },
          );
        }
      };
    },
  });
}
