import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeSvg } from '../../../engine/report/svg.js';

const wrap = (content: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="20" height="10">${content}</svg>`;

function draw(source: string, prefix = 'f'): string {
  const drawn = safeSvg(source, prefix, 'A figure');
  if ('refused' in drawn) throw new Error(drawn.refused);
  return drawn.svg.text;
}

const inside = (content: string): string => /^<svg [^>]*>(.*)<\/svg>$/s.exec(draw(wrap(content)))![1]!;

const refusal = (source: string): string => {
  const drawn = safeSvg(source, 'f', 'A figure');
  return 'refused' in drawn ? drawn.refused : 'not refused';
};

describe('what a drawing needs comes through', () => {
  it('shapes, text, presentation', () => {
    const path =
      '<g fill="none" transform="translate(1,2)"><path d="M0,0h5" stroke="#222" stroke-width="2"/></g>';
    expect(inside(path)).toBe(path);
    const text = '<text x="1" font-family="Helvetica, sans-serif">a &lt; b <tspan dy="2">c</tspan></text>';
    expect(inside(text)).toBe(text);
  });

  it('gradients and clips, by ids of their own', () => {
    expect(
      inside(
        '<defs><linearGradient id="g"><stop offset="0" stop-color="red"/></linearGradient></defs><rect fill="url(#g)" clip-path="url( \'#g\' )"/>',
      ),
    ).toBe(
      '<defs><linearGradient id="f-1"><stop offset="0" stop-color="red"/></linearGradient></defs><rect fill="url(#f-1)" clip-path="url(#f-1)"/>',
    );
  });

  it('uses of glyphs, and pictures made of pixels in place', () => {
    expect(inside('<defs><path id="a" d="M0"/></defs><use xlink:href="#a" x="3"/>')).toBe(
      '<defs><path id="f-1" d="M0"/></defs><use x="3" href="#f-1"/>',
    );
    const image = '<image width="2" height="2" href="data:image/png;base64,iVBORw0KGgo="/>';
    expect(inside(image)).toBe(image);
  });

  it('declarations, comments, CDATA and prefixes are understood', () => {
    const source = `<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<!-- made by hand --><svg:svg xmlns:svg="http://www.w3.org/2000/svg" viewBox="0 0 30 20"><svg:text><![CDATA[a < b]]>&#65;&unknown;</svg:text></svg:svg>`;
    expect(draw(source)).toBe(
      '<svg role="img" aria-label="A figure" width="30" height="20" viewBox="0 0 30 20" style="--width:30px"><text>a &lt; bA&amp;unknown;</text></svg>',
    );
  });

  it('sizes in points become pixels', () => {
    expect(draw('<svg width="72pt" height="36pt" viewBox="0 0 72 36"/>')).toContain(
      'width="96" height="48" viewBox="0 0 72 36"',
    );
  });
});

describe('nothing else does', () => {
  it.each([
    ['<script>alert(1)</script>', ''],
    ['<SCRIPT>alert(1)</SCRIPT>', ''],
    ['<svg:script>alert(1)</svg:script>', ''],
    ['<style>* { fill: red }</style>', ''],
    ['<foreignObject><iframe src="http://x"/></foreignObject>', ''],
    ['<rect onclick="alert(1)" ONLOAD="x"/>', '<rect/>'],
    ['<a href="javascript:alert(1)"><text>x</text></a>', '<text>x</text>'],
    ['<image href="http://x/a.png"/>', ''],
    ['<image href="data:image/svg+xml;base64,PHN2Zy8+"/>', ''],
    ['<use href="http://x/a.svg#b"/>', ''],
    ['<use href="data:image/svg+xml,x#b"/>', ''],
    ['<animate attributeName="href" to="javascript:alert(1)"/><set attributeName="onclick" to="x"/>', ''],
    ['<rect fill="url(http://x/a.svg#b)"/>', '<rect/>'],
    ['<rect fill="url(#nowhere)"/>', '<rect/>'],
    ['<rect filter="url(#f)"/>', '<rect/>'],
    [
      '<rect style="fill: red; background: url(http://x); position: fixed; stroke: url(\'//x\')"/>',
      '<rect style="fill:red"/>',
    ],
    ['<rect style="fill: u\\72l(http://x)"/>', '<rect/>'],
    ['<rect style="fill:/**/red;@import x"/>', '<rect/>'],
    ['<rect class="scroll" data-x="1" xmlns:xlink="x" href="#a"/>', '<rect/>'],
    ['<title>a<script>b</script></title>', '<title>ab</title>'],
    [
      '<text>&lt;script&gt;alert(1)&lt;/script&gt;</text>',
      '<text>&lt;script&gt;alert(1)&lt;/script&gt;</text>',
    ],
    ['<rect fill="&quot;&gt;&lt;script&gt;"/>', '<rect fill="&quot;&gt;&lt;script&gt;"/>'],
    ['<metadata><rdf:RDF/></metadata><p>x</p>', ''],
  ])('%s', (content, expected) => expect(inside(content)).toBe(expected));

  it('uses within uses, which multiply without end', () => {
    const bomb = `<defs><g id="a"><rect/></g>${['b', 'c', 'd']
      .map((id, i) => `<g id="${id}">${`<use href="#${'abcd'[i]!}"/>`.repeat(9)}</g>`)
      .join('')}</defs><use href="#d"/><use href="#a"/>`;
    const out = inside(bomb);
    expect(out.match(/<use/g)).toHaveLength(10);
    expect(out).toContain('<use href="#f-1"/>');
  });

  it('a transform or a position of the whole, by which it could cover the page', () => {
    const out = draw(
      '<svg width="9" height="9" transform="scale(99)" style="transform:scale(99);position:fixed" fill="red"/>',
    );
    expect(out).toBe(
      '<svg role="img" aria-label="A figure" width="9" height="9" viewBox="0 0 9 9" style="--width:9px" fill="red"></svg>',
    );
  });
});

describe('what is refused, and why', () => {
  it.each([
    ['', 'it does not begin with an element'],
    ['<html/>', 'its root is <html>'],
    [wrap('<g>'), '</svg> closes <g>'],
    ['<svg width="1" height="1">', '<svg> is not closed'],
    ['<svg width=1/>', 'the value of width is not quoted'],
    ['<!DOCTYPE svg [<!ENTITY a "b">]><svg/>', 'it declares entities of its own'],
    ['<svg/>', 'it has no usable width'],
    ['<svg width="1e9" height="3" viewBox="0 0 0 0"/>', 'it has no usable width'],
    ['<svg width="99999" height="3"/>', 'it has no usable width'],
    [wrap('<g>'.repeat(300)), 'more than 250 elements within each other'],
  ])('%s', (source, why) => expect(refusal(source)).toBe(`the figure is not SVG that can be shown: ${why}`));
});

it('ids of two figures do not meet', () => {
  const source = wrap('<defs><clipPath id="clip1"/></defs><g clip-path="url(#clip1)"/>');
  expect(draw(source, 'figure-1')).toContain('url(#figure-1-1)');
  expect(draw(source, 'figure-2')).toContain('<clipPath id="figure-2-1"/>');
});

it('whatever the source, the drawing holds only known elements, attributes and local references', () => {
  const name = fc.constantFrom(
    'g',
    'rect',
    'path',
    'text',
    'use',
    'image',
    'a',
    'script',
    'style',
    'svg',
    'iframe',
    'title',
    'animate',
    'foreignObject',
  );
  const attribute = fc.constantFrom(
    'id',
    'href',
    'xlink:href',
    'fill',
    'style',
    'onclick',
    'd',
    'class',
    'x',
    'mask',
  );
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '#a',
      'a',
      'url(#a)',
      'url(http://x)',
      'javascript:alert(1)',
      'data:text/html,x',
      'fill:url(http://x)',
      'http://x',
    ),
  );
  const escape = (text: string): string => text.replace(/[&<"]/g, (char) => `&#${char.charCodeAt(0)};`);
  const element = fc.letrec<{ node: string }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.string().map(escape),
      fc
        .tuple(name, fc.dictionary(attribute, value), fc.array(tie('node'), { maxLength: 4 }))
        .map(([tag, attributes, children]) => {
          const written = Object.entries(attributes).map(([key, text]) => ` ${key}="${escape(text)}"`);
          return `<${tag}${written.join('')}>${children.join('')}</${tag}>`;
        }),
    ),
  })).node;
  fc.assert(
    fc.property(element, (content) => {
      const out = draw(wrap(content));
      for (const [, tag, attributes] of out.matchAll(/<([^\s/>]+)([^>]*?)\/?>/g)) {
        if (tag!.startsWith('/')) continue;
        expect(['svg', 'g', 'rect', 'path', 'text', 'use', 'image', 'title']).toContain(tag);
        for (const [, key, text] of attributes!.matchAll(/ ([^=\s]+)="([^"]*)"/g)) {
          expect([
            'id',
            'href',
            'fill',
            'style',
            'd',
            'x',
            'mask',
            'role',
            'aria-label',
            'width',
            'height',
            'viewBox',
          ]).toContain(key);
          if (key === 'href') expect(text).toMatch(/^(#f-\d+|data:image\/png)/);
          if (key !== 'aria-label') expect(text).not.toMatch(/url\((?!#f-\d+\))|javascript:/i);
        }
      }
    }),
  );
});
