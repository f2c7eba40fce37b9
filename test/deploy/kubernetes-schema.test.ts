import { describe, expect, test } from '@jest/globals';
import { schemaProblems } from './support/kubernetes-schema.ts';
import { deployed, manifestsIn, readManifests } from './support/manifests.ts';

test('every manifest is valid for Kubernetes, without unknown keys', async () => {
  expect(await schemaProblems(readManifests())).toEqual([]);
});

describe('the check of manifests', () => {
  const text = ['gateway.yaml', 'network-policy.yaml']
    .map((name) => deployed(`kubernetes/${name}`))
    .join('---\n');

  test.each([
    ['a misspelt key', 'readinessProbe:', 'readinesProbe:', '\'"readinesProbe"\' does not exist'],
    ['a key in the wrong place', 'enableServiceLinks', 'replicas', '\'"replicas"\' does not exist'],
    ['a number as a string', 'replicas: 3', "replicas: '3'", 'replicas must be integer'],
    ['a quantity that is none', 'memory: 512Mi', 'memory: 512 apples', 'format "quantity"'],
    ['a value that is not allowed', 'protocol: UDP', 'protocol: ICMP', 'one of the allowed values'],
    [
      'a kind of a version that there is not',
      'policy/v1',
      'policy/v2',
      'kubernetes-models/policy/v2',
    ],
  ])('finds %s', async (_what, right, wrong, complaint) => {
    expect(text).toContain(right);

    const problems = await schemaProblems(manifestsIn(text.replace(right, wrong)));

    expect(problems.join('\n')).toContain(complaint);
  });
});
