import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inline, markdown } from '../../../engine/report/markdown.js';

const of = (text: string): string => markdown(text).text;

describe('blocks', () => {
  it('headings begin below the section', () => {
    expect(of('# One\n## Two ##\ntext')).toBe('<h3>One</h3>\n<h4>Two</h4>\n<p>text</p>\n');
    expect(markdown('# One', 2).text).toBe('<h2>One</h2>\n');
  });

  it('paragraphs end at an empty line, a list or a heading', () => {
    expect(of('one\ntwo\n\nthree\n- four')).toBe('<p>one\ntwo</p>\n<p>three</p>\n<ul><li>four</li>\n</ul>\n');
  });

  it('lists: nested, ordered, continued lines', () => {
    expect(of('- a\n  more\n  1. b\n  2. c\n- d')).toBe(
      '<ul><li>a\nmore<ol><li>b</li>\n<li>c</li>\n</ol>\n</li>\n<li>d</li>\n</ul>\n',
    );
    expect(of('3. c\n4. d')).toBe('<ol start="3"><li>c</li>\n<li>d</li>\n</ol>\n');
  });

  it('fenced code is as typed', () => {
    expect(of('```sh\na <b> *c*\n\nd\n```\nafter')).toBe(
      '<pre><code>a &lt;b&gt; *c*\n\nd</code></pre><p>after</p>\n',
    );
    expect(of('```\nnever closed')).toBe('<pre><code>never closed</code></pre>');
  });
});

describe('within a line', () => {
  it.each([
    ['*a* **b** _c_ __d__', '<em>a</em> <strong>b</strong> <em>c</em> <strong>d</strong>'],
    ['**a *b* c**', '<strong>a <em>b</em> c</strong>'],
    ['`a*b*` and ``a`b``', '<code>a*b*</code> and <code>a`b</code>'.replace('a`b', 'a&#96;b')],
    ['blood_count_2 and 2 * 3 * 4', 'blood_count_2 and 2 * 3 * 4'],
    ['\\*a\\* \\[b](#c)', '*a* [b](#c)'],
    ['[see](#figure-1)', '<a href="#figure-1">see</a>'],
    ['[*see*](#größe)', '<a href="#größe"><em>see</em></a>'],
    ['[out](https://example.org/a)', 'out (https://example.org/a)'],
    ['[x](javascript:alert(1))', 'x (javascript:alert(1))'],
    ['![a](b.png)', '!a (b.png)'],
    ['a < b & "c"', 'a &lt; b &amp; &quot;c&quot;'],
    ['**open', '**open'],
  ])('%s', (text, expected) => expect(inline(text).text).toBe(expected));
});

it('whatever is typed, only known tags come out, closed in order', () => {
  const piece = fc.constantFrom(
    '*',
    '**',
    '_',
    '`',
    '```',
    '[',
    '](#a)',
    '](http://x)',
    '\n',
    '- ',
    '1. ',
    '# ',
    'word',
    ' ',
    '\\',
    '<b>',
    '"',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 40 }), (pieces) => {
      const out = of(pieces.join(''));
      const open: string[] = [];
      for (const [tag, slash, name] of out.matchAll(/<(\/?)([^\s>]*)[^>]*>/g)) {
        expect(tag).toMatch(/^<\/?(h[3-6]|p|ul|ol|li|em|strong|code|pre|a)( (href="#[^"]*"|start="\d+"))?>$/);
        if (slash) expect(open.pop()).toBe(name);
        else open.push(name!);
      }
      expect(open).toEqual([]);
    }),
  );
});

it('a long text of opening marks costs no more than its length', () => {
  const started = performance.now();
  of('*a [b `c '.repeat(20_000));
  of('*a '.repeat(6_000));
  expect(performance.now() - started).toBeLessThan(5000);
});
