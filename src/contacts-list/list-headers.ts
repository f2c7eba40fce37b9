import { retryAfter } from '../errors.ts';
import type { ListAnswer } from './list-answer.ts';
import { ageSeconds } from './saved-lists.ts';

type Given = Exclude<ListAnswer, { kind: 'refused' | 'left' }>;

/** The `Cache-Status` of an answer (RFC 9211), and for a list that was saved its `Age` (RFC 9111 section 5.1). */
export function listHeaders(answer: Given, now: number): Record<string, string> {
  const common = { 'Cache-Status': cacheStatus(answer), 'X-Gateway-Source': answer.kind };
  if (answer.kind === 'live') {
    const { retryAfterMs } = answer;
    return retryAfterMs === undefined ? common : { ...common, ...retryAfter(retryAfterMs) };
  }
  return { ...common, Age: String(ageSeconds(answer.list, now)) };
}

function cacheStatus(answer: Given): string {
  return ['gewe-gateway', ...parameters(answer)].join('; ');
}

function parameters(answer: Given): string[] {
  const collapsed = answer.joined ? ['collapsed'] : [];
  switch (answer.kind) {
    case 'live':
      return ['fwd=miss', ...(answer.stored ? ['stored'] : []), ...collapsed];
    case 'gewe-cache':
      return ['fwd=miss', 'stored', 'detail=gewe-cache', ...collapsed];
    case 'saved':
      if (answer.tried !== undefined) {
        return ['fwd=stale', `detail=upstream-${answer.tried}`, ...collapsed];
      }
      return answer.list.source === 'gewe-cache' ? ['hit', 'detail=gewe-cache'] : ['hit'];
    default:
      return answer satisfies never;
  }
}
