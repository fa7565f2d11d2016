/** Keywords of HTTP_GET and SSL_GET (plugins/checker-http): what they mean, and what is said where they are wrong. */
import assert from 'node:assert/strict';
import { checkerHttp } from '@mainstay/checker-http';
import type { HttpConfig, SslGetConfig } from '@mainstay/checker-http/internal/config.js';
import { describe, it } from 'mocha';
import { bindChecks } from '../../support/checker-config.js';

const site = (checker: string, lines: string) => `server A {\n${checker} {\n${lines}\n}\n}`;

/** What is said of a block; lines count from its first. */
function said(lines: string, checker = 'HTTP_GET'): readonly string[] {
  return bindChecks(checkerHttp(), site(checker, lines)).said.map((text) =>
    text.replace(/^([0-9]+):([0-9]+):/, (_, line, column) => `${Number(line) - 2}:${column}:`),
  );
}

function bound<C extends HttpConfig>(lines: string, checker = 'HTTP_GET'): C {
  const { said: all, checks } = bindChecks(checkerHttp(), site(checker, lines));
  assert.deepEqual(all, []);
  return checks[0]?.value as C;
}

describe('configuration of HTTP_GET', () => {
  it('has the defaults of keepalived', () => {
    const config = bound('url {\npath /\n}');
    assert.equal(config.http_protocol, '1.0');
    assert.equal(config.fast_recovery, false);
    assert.deepEqual(config.url[0]?.status_code, [[200, 299]]);
    const { checkers } = bindChecks(checkerHttp(), '');
    assert.deepEqual(
      checkers.map(({ keyword, defaults, needs }) => [keyword, defaults, needs]),
      [
        ['HTTP_GET', { delayBeforeRetryMs: 3000 }, ['tcp']],
        ['SSL_GET', { delayBeforeRetryMs: 3000 }, ['tls']],
      ],
    );
  });

  it('reads every keyword', () => {
    const digest = '9B3A0C85A887A256D6939DA88AABD8CD';
    const url = `url {\npath "/x?y=1"\ndigest ${digest}\nstatus_code 200 300-399\nvirtualhost u.example\nregex 'a "b" c'
      regex_no_match\nregex_options caseless multiline\nregex_min_offset 5\nregex_max_offset 0x10\ntls_compliant\n}`;
    const config = bound<SslGetConfig>(
      `${url}\nurl {\npath /\n}\nvirtualhost c.example\nhttp_protocol 1.0c\nfast_recovery on\nenable_sni\nsni_name s.example\nverify_certificate`,
      'SSL_GET',
    );
    const [first, second] = config.url;
    assert.deepEqual(structuredClone(first), {
      path: '/x?y=1',
      digest: digest.toLowerCase(),
      status_code: [
        [200, 200],
        [300, 399],
      ],
      virtualhost: 'u.example',
      regex: { source: 'a "b" c' },
      regex_no_match: true,
      regex_options: ['caseless', 'multiline'],
      regex_min_offset: 5,
      regex_max_offset: 16,
      regex_stack: undefined,
      tls_compliant: true,
    });
    assert.equal(second?.path, '/');
    const { http_protocol, fast_recovery, enable_sni, sni_name, verify_certificate, virtualhost } = config;
    assert.deepEqual(
      { http_protocol, fast_recovery, enable_sni, sni_name, verify_certificate, virtualhost },
      {
        http_protocol: '1.0C',
        fast_recovery: true,
        enable_sni: true,
        sni_name: 's.example',
        verify_certificate: true,
        virtualhost: 'c.example',
      },
    );
  });

  it('takes nb_get_retry for retry', () => {
    assert.equal(bound('nb_get_retry 4\nurl {\npath /\n}').retry, 4);
  });

  it('says that regex_stack has no effect', () => {
    assert.deepEqual(said('url {\npath /\nregex x\nregex_stack 1024 4096\n}'), [
      '4:13: warning: this has no effect: matching takes no stack here [CONFIG_NO_EFFECT]',
    ]);
  });

  for (const [what, lines, message] of [
    ['no url', '', '0:1: error: HTTP_GET lacks url, which it needs (add: url { path / }) [CONFIG_MISSING_KEYWORD]'],
    ['a url without path', 'url {\n}', '1:1: error: url lacks path, which it needs (add: path PATH) [CONFIG_MISSING_KEYWORD]'],
    ['a blank in a path', 'url {\npath "/a b"\n}', /^2:\d+: error: the path has no blanks .*%20/],
    ['a short digest', 'url {\npath /\ndigest 123\n}', /^3:8: error: an MD5 digest has 32 hexadecimal digits/],
    [
      'a status beyond 599',
      'url {\npath /\nstatus_code 200-600\n}',
      /^3:13: error: "200-600" is neither a status code nor a range/,
    ],
    ['a status range backwards', 'url {\npath /\nstatus_code 200 299-200\n}', /^3:17: error: "299-200" is neither/],
    ['no status', 'url {\npath /\nstatus_code\n}', /^3:\d+: error: a status code is missing/],
    ['another version', 'http_protocol 2\nurl {\npath /\n}', /^1:15: error: "2" is not one of 1\.0, 1\.0C, 1\.1/],
    [
      'an option that is none',
      'url {\npath /\nregex x\nregex_options caseles\n}',
      /^4:15: error: "caseles" is no option of regex/,
    ],
    ['a pattern of two words', 'url {\npath /\nregex a b\n}', /^3:9: error: there is one word too many after regex/],
    ['enable_sni without TLS', 'enable_sni\nurl {\npath /\n}', /^1:1: error: "enable_sni" is not a keyword of HTTP_GET/],
    [
      'offsets the wrong way round',
      'url {\npath /\nregex x\nregex_min_offset 5\nregex_max_offset 4\n}',
      /^3:7: error: regex can match nowhere/,
    ],
  ] as const)
    it(`refuses ${what}`, () => {
      const [first, ...others] = said(lines);
      if (typeof message === 'string') assert.equal(first, message);
      else assert.match(first ?? '', message);
      assert.deepEqual(others, []);
    });

  it('compiles patterns when it is read, with their options, wherever these stand', () => {
    assert.deepEqual(said('url {\npath /a\nregex "a(b"\n}\nurl {\npath /b\nregex x\n}'), [
      '3:7: error: regex of url /a: a parenthesis is not closed, at character 2 (see pcre2pattern(3)) [CONFIG_BAD_VALUE]',
    ]);
    assert.match(said('url {\npath /\nregex "x(?=y)"\n}')[0] ?? '', /lookahead and lookbehind are not built, at character 2/);
    assert.deepEqual(said('url {\npath /\nregex_options extended\nregex "a #("\n}'), []);
    assert.equal(said('url {\npath /\nregex "a #("\n}').length, 1);
    assert.match(said('url {\npath /\nregex "\\\\x{20ac}"\n}')[0] ?? '', /needs the option utf/);
    assert.deepEqual(said('url {\npath /\nregex "\\\\x{20ac}"\nregex_options utf\n}'), []);
  });

  it('warns of keywords for a regex that is not there', () => {
    assert.deepEqual(said('url {\npath /\nregex_no_match\n}'), [
      '1:1: warning: url / has keywords for regex, but no regex: they have no effect [CONFIG_NO_EFFECT]',
    ]);
  });
});
