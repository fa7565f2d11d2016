/** Who runs a script that names no user (sdk/api/src/script/identity.ts), with and without enable_script_security. */
import assert from 'node:assert/strict';
import { type GlobalScriptConfig, type ProcessPort, ScriptIdentities, type ScriptProblem, type WhoRuns } from '@mainstay/sdk';
import { describe, it } from 'mocha';

const secured = { script_user: undefined, enable_script_security: true };
const unsecured = { script_user: undefined, enable_script_security: false };
const absent = { kind: 'unknown-user', message: 'there is no user "keepalived_script" on this host' } as const;
const unclear = { kind: 'unanswered', message: 'getent did not answer within 2 s' } as const;

/** A host that says these things of keepalived_script, one after another, the last for ever. */
function host(...says: readonly (ScriptProblem | undefined | Error)[]) {
  const asked: unknown[] = [];
  const port: Pick<ProcessPort, 'inspect'> = {
    async inspect(_command, identity) {
      const answer = says[Math.min(asked.length, says.length - 1)];
      asked.push(identity.user);
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const who = (global: GlobalScriptConfig) => new ScriptIdentities(global, port as ProcessPort);
  return { asked, who };
}

const nobody = (who: WhoRuns) => ('nobody' in who ? who.nobody : JSON.stringify(who));

describe('who runs a script', () => {
  it('is its own user, else script_user, and the host is not asked', async () => {
    const { asked, who } = host(absent);
    const global = { script_user: { user: 'svc', group: 'grp' }, enable_script_security: true };
    assert.deepEqual(await who(global).of({ user: 'joe' }), { identity: { user: 'joe' } });
    assert.deepEqual(await who(global).of(undefined), { identity: { user: 'svc', group: 'grp' } });
    assert.deepEqual(asked, []);
  });

  it('is keepalived_script where there is one, which is asked once', async () => {
    const { asked, who } = host(undefined);
    const identities = who(secured);
    for (let i = 0; i < 3; i++) assert.deepEqual(await identities.of(undefined), { identity: { user: 'keepalived_script' } });
    assert.deepEqual(asked, ['keepalived_script']);
  });

  it('is keepalived_script also where that user may not run a shell', async () => {
    const { who } = host({ kind: 'not-executable', message: 'not for it' });
    assert.deepEqual(await who(secured).of(undefined), { identity: { user: 'keepalived_script' } });
  });

  it('is the user of the daemon where there is none', async () => {
    const { asked, who } = host(absent);
    const identities = who(unsecured);
    for (let i = 0; i < 3; i++) assert.deepEqual(await identities.of(undefined), { identity: {} });
    assert.equal(asked.length, 1);
  });

  it('is nobody where there is none under enable_script_security, until it is made', async () => {
    const { who } = host(absent, absent, undefined);
    const identities = who(secured);
    const why =
      /it names no user, script_user is not set, and under enable_script_security .*: there is no user "keepalived_script"/;
    for (let i = 0; i < 2; i++) assert.match(nobody(await identities.of(undefined)), why);
    assert.deepEqual(await identities.of(undefined), { identity: { user: 'keepalived_script' } });
  });

  it('is asked again where the host could not say, and never root meanwhile under enable_script_security', async () => {
    const { asked, who } = host(unclear, unclear, undefined);
    const identities = who(secured);
    for (let i = 0; i < 2; i++) assert.match(nobody(await identities.of(undefined)), /getent did not answer within 2 s/);
    for (let i = 0; i < 2; i++) assert.deepEqual(await identities.of(undefined), { identity: { user: 'keepalived_script' } });
    assert.equal(asked.length, 3);
    const open = host(unclear, undefined).who(unsecured);
    assert.deepEqual(await open.of(undefined), { identity: {} });
    assert.deepEqual(await open.of(undefined), { identity: { user: 'keepalived_script' } });
  });

  it('is asked once by all who wait, and again after a failure', async () => {
    const { asked, who } = host(absent, new Error('no memory'), undefined);
    const identities = who(secured);
    await Promise.all(Array.from({ length: 5 }, () => identities.of(undefined)));
    assert.equal(asked.length, 1);
    await assert.rejects(identities.of(undefined), /no memory/);
    assert.deepEqual(await identities.of(undefined), { identity: { user: 'keepalived_script' } });
  });
});
