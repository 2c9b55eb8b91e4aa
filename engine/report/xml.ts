/**
 * Xml: a small, strict reader of the XML that drawing programs write, into a tree of elements and texts.
 *
 * Not responsible for what may be shown (svg.ts). Entities cannot be declared: only the five of XML and numbers are known.
 */

export interface XmlElement {
  /** As written, with its prefix. */
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: (XmlElement | string)[];
}

/** The text is not XML that this reader takes. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
}

/** Elements within each other; drawings need a few dozen. */
const DEPTH = 250;

const NAME = /[A-Za-z_][\w.:-]*/y;
const SPACE = /[\s]*/y;

/** The root element. @throws XmlError */
export function parseXml(text: string): XmlElement {
  return new Reader(text.replace(/^\ufeff/, '')).document();
}

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  document(): XmlElement {
    this.prolog();
    const root = this.openTag();
    const open = root.closed ? [] : [root.element];
    while (open.length > 0) this.content(open);
    return root.element;
  }

  /** Declaration, comments, instructions and a document type without declarations of its own. */
  private prolog(): void {
    for (;;) {
      this.skip(SPACE);
      if (this.text.startsWith('<?', this.at)) this.past('?>');
      else if (this.text.startsWith('<!--', this.at)) this.past('-->');
      else if (/^<!doctype/i.test(this.text.slice(this.at, this.at + 9))) {
        const from = this.at;
        this.past('>');
        if (this.text.slice(from, this.at).includes('['))
          throw new XmlError('it declares entities of its own');
      } else return;
    }
  }

  /** What comes next within the innermost open element. */
  private content(open: XmlElement[]): void {
    const parent = open.at(-1)!;
    const next = this.text.indexOf('<', this.at);
    if (next < 0) throw new XmlError(`<${parent.name}> is not closed`);
    if (next > this.at) {
      parent.children.push(decode(this.text.slice(this.at, next)));
      this.at = next;
    }
    if (this.text.startsWith('<!--', this.at)) this.past('-->');
    else if (this.text.startsWith('<?', this.at)) this.past('?>');
    else if (this.text.startsWith('<![CDATA[', this.at)) {
      const from = this.at + 9;
      this.past(']]>');
      parent.children.push(this.text.slice(from, this.at - 3));
    } else if (this.text.startsWith('</', this.at)) {
      this.at += 2;
      const name = this.take(NAME, 'a name');
      this.skip(SPACE);
      if (name !== parent.name || this.text[this.at] !== '>')
        throw new XmlError(`</${name}> closes <${parent.name}>`);
      this.at++;
      open.pop();
    } else {
      const { element, closed } = this.openTag();
      parent.children.push(element);
      if (closed) return;
      if (open.length >= DEPTH) throw new XmlError(`more than ${DEPTH} elements within each other`);
      open.push(element);
    }
  }

  private openTag(): { element: XmlElement; closed: boolean } {
    if (this.text[this.at] !== '<') throw new XmlError('it does not begin with an element');
    this.at++;
    const name = this.take(NAME, 'a name');
    const attributes = new Map<string, string>();
    for (;;) {
      this.skip(SPACE);
      const closed = this.text.startsWith('/>', this.at);
      if (closed || this.text[this.at] === '>') {
        this.at += closed ? 2 : 1;
        return { element: { name, attributes, children: [] }, closed };
      }
      const attribute = this.take(NAME, 'an attribute');
      this.skip(SPACE);
      if (this.text[this.at] !== '=') throw new XmlError(`the attribute ${attribute} has no value`);
      this.at++;
      this.skip(SPACE);
      const quote = this.text[this.at];
      const end = quote === '"' || quote === "'" ? this.text.indexOf(quote, this.at + 1) : -1;
      if (end < 0) throw new XmlError(`the value of ${attribute} is not quoted`);
      attributes.set(attribute, decode(this.text.slice(this.at + 1, end)));
      this.at = end + 1;
    }
  }

  private skip(pattern: RegExp): void {
    pattern.lastIndex = this.at;
    pattern.test(this.text);
    this.at = pattern.lastIndex;
  }

  private take(pattern: RegExp, what: string): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (!found) throw new XmlError(`expected ${what} at character ${this.at}`);
    this.at = pattern.lastIndex;
    return found[0];
  }

  private past(mark: string): void {
    const end = this.text.indexOf(mark, this.at);
    if (end < 0) throw new XmlError(`'${mark}' is missing`);
    this.at = end + mark.length;
  }
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** Character references in place; an entity that is not known stays as it is written. */
function decode(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|(\w+));/g, (whole, hex, decimal, name) => {
    if (typeof name === 'string') return Object.hasOwn(ENTITIES, name) ? ENTITIES[name]! : whole;
    const code = typeof hex === 'string' ? parseInt(hex, 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
  });
}
