/**
 * Svg: a figure's SVG made fit to stand in the report. The drawing is read and written anew from what is known to be
 * harmless, so that nothing else can come through: no script, no handler, no style sheet, nothing from outside.
 *
 * Ids are replaced by ids of the figure's own, so that several figures do not meet. Not responsible for how a figure is
 * captioned (exhibit.ts).
 */
import { Html, escapeHtml } from './html.js';
import { parseXml, XmlError, type XmlElement } from './xml.js';

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

const ELEMENTS =
  words(`svg g defs symbol use path rect circle ellipse line polyline polygon text tspan textPath title desc
  linearGradient radialGradient stop pattern clipPath mask marker image`);
/** Left out themselves, their content kept. */
const TRANSPARENT = words('a switch');

/** Presentation: as attributes, and as properties of a `style` attribute. */
const PRESENTATION = words(`alignment-baseline baseline-shift clip-path clip-rule color direction display
  dominant-baseline fill fill-opacity fill-rule font-family font-size font-stretch font-style font-variant font-weight
  letter-spacing marker-end marker-mid marker-start mask mix-blend-mode opacity paint-order shape-rendering stop-color
  stop-opacity stroke stroke-dasharray stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit stroke-opacity
  stroke-width text-anchor text-decoration text-rendering transform transform-origin vector-effect visibility
  white-space word-spacing writing-mode`);
const GEOMETRY = words(`cx cy d dx dy fx fy gradientTransform gradientUnits height lengthAdjust markerHeight
  markerUnits markerWidth maskContentUnits maskUnits clipPathUnits offset orient patternContentUnits patternTransform
  patternUnits points preserveAspectRatio r refX refY rotate rx ry spreadMethod startOffset textLength viewBox width x x1
  x2 y y1 y2 xml:space`);
/** May refer to another element of the drawing. */
const LINKING = words('use textPath linearGradient radialGradient pattern');

/** Points; a drawing beyond this is a mistake. */
const LARGEST_SIDE = 20_000;

export type FigureSvg = { readonly svg: Html } | { readonly refused: string };

/**
 * The drawing as inline SVG.
 * @param prefix begins every id; unlike that of any other figure of the page.
 * @param name what the drawing is called by a screen reader.
 */
export function safeSvg(source: string, prefix: string, name: string): FigureSvg {
  try {
    const root = parseXml(source);
    if (localName(root.name) !== 'svg') throw new XmlError(`its root is <${root.name}>`);
    return { svg: new Html(new Rebuilt(root, prefix).write(name)) };
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    return { refused: `the figure is not SVG that can be shown: ${error.message}` };
  }
}

/** `svg:path` → `path`. */
const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

class Rebuilt {
  /** Old id → new id, and what bears it. */
  private readonly ids = new Map<string, { id: string; element: XmlElement }>();

  constructor(
    private readonly root: XmlElement,
    private readonly prefix: string,
  ) {
    this.collect(root);
  }

  private collect(element: XmlElement): void {
    const id = element.attributes.get('id');
    if (id !== undefined && !this.ids.has(id)) {
      this.ids.set(id, { id: `${this.prefix}-${this.ids.size + 1}`, element });
    }
    for (const child of element.children) if (typeof child === 'object') this.collect(child);
  }

  write(label: string): string {
    const { width, height, viewBox } = sizeOf(this.root);
    const content = this.root.children.map((child) => this.child(child, 'svg')).join('');
    const isKept = (name: string): boolean => PRESENTATION.has(name) && name !== 'transform';
    // The page's style sheet goes by the width.
    const own = this.style(this.root.attributes.get('style') ?? '', isKept);
    const style = [`--width:${width}px`, own].filter(Boolean).join(';');
    // One image to assistive technology: its parts say little, its caption and table say more.
    return `<svg role="img" aria-label="${escapeHtml(label)}" width="${width}" height="${height}" viewBox="${viewBox}" style="${escapeHtml(style)}"${this.attributes(this.root, isKept, 'style')}>${content}</svg>`;
  }

  private child(child: XmlElement | string, parent: string): string {
    if (typeof child === 'string') {
      // Between shapes white space is nothing; within text it is text.
      return TEXTUAL.has(parent) ? escapeHtml(child) : '';
    }
    const name = localName(child.name);
    const write = (inside: string): string => child.children.map((each) => this.child(each, inside)).join('');
    if (TRANSPARENT.has(name)) return write(parent);
    if (!ELEMENTS.has(name)) return '';
    if (name === 'use' && !this.isUsable(child)) return '';
    if (name === 'image' && !hrefOf(child)?.match(RASTER)) return '';
    const id = this.ids.get(child.attributes.get('id') ?? '');
    const idText = id?.element === child ? ` id="${id.id}"` : '';
    const attributes = this.attributes(
      child,
      (attribute) => PRESENTATION.has(attribute) || GEOMETRY.has(attribute),
    );
    const tag = `<${name}${idText}${attributes}${this.link(child, name)}`;
    // A title's text is all that it may hold.
    const content = name === 'title' || name === 'desc' ? escapeHtml(textOf(child)) : write(name);
    return content === '' ? `${tag}/>` : `${tag}>${content}</${name}>`;
  }

  private attributes(element: XmlElement, isKept: (name: string) => boolean, except?: string): string {
    let out = '';
    for (const [name, value] of element.attributes) {
      if (name === except) continue;
      const kept = name === 'style' ? this.style(value, isKept) : isKept(name) ? this.value(value) : null;
      if (kept !== null && kept !== '') out += ` ${name}="${escapeHtml(kept)}"`;
    }
    return out;
  }

  private style(text: string, isKept: (name: string) => boolean): string {
    return text
      .split(';')
      .flatMap((declaration) => {
        const colon = declaration.indexOf(':');
        const property = declaration.slice(0, colon).trim().toLowerCase();
        const isStyle = PRESENTATION.has(property) && isKept(property);
        const value = isStyle ? this.value(declaration.slice(colon + 1).trim()) : null;
        return value === null || value === '' ? [] : [`${property}:${value}`];
      })
      .join(';');
  }

  /** A value whose references lead to this drawing; null for any other reference, and for what only style sheets need. */
  private value(value: string): string | null {
    if (/[\\@]|\/\*|\bexpression\b|javascript:/i.test(value)) return null;
    if (!/url\s*\(/i.test(value)) return value;
    const found = /^\s*url\(\s*(['"]?)#([^'")]+)\1\s*\)([\s\w#(),.%-]*)$/i.exec(value);
    const target = found && !/url/i.test(found[3]!) ? this.ids.get(found[2]!) : undefined;
    return target ? `url(#${target.id})${found![3]!}` : null;
  }

  private link(element: XmlElement, name: string): string {
    const href = hrefOf(element);
    if (href === undefined) return '';
    if (name === 'image') return ` href="${escapeHtml(href)}"`;
    const target = LINKING.has(name) && href.startsWith('#') ? this.ids.get(href.slice(1)) : undefined;
    return target ? ` href="#${target.id}"` : '';
  }

  /** A use of something that itself uses is left out: uses within uses multiply without end. */
  private isUsable(use: XmlElement): boolean {
    const target = this.ids.get(hrefOf(use)?.replace(/^#/, '') ?? '')?.element;
    return target !== undefined && !holdsUse(target);
  }
}

const TEXTUAL = words('text tspan textPath');
/** Pictures within a drawing: pixels in place, never an address and never another SVG. */
const RASTER = /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*$/;

function hrefOf(element: XmlElement): string | undefined {
  return element.attributes.get('href') ?? element.attributes.get('xlink:href');
}

function holdsUse(element: XmlElement): boolean {
  return (
    localName(element.name) === 'use' ||
    element.children.some((child) => typeof child === 'object' && holdsUse(child))
  );
}

function textOf(element: XmlElement): string {
  return element.children.map((child) => (typeof child === 'string' ? child : textOf(child))).join('');
}

/** Width, height and view box: each from the others where it is missing. @throws XmlError when there is no size. */
function sizeOf(root: XmlElement): { width: number; height: number; viewBox: string } {
  const box = (root.attributes.get('viewBox') ?? '')
    .trim()
    .split(/[\s,]+/)
    .map(Number);
  const hasBox = box.length === 4 && box.every(Number.isFinite) && box[2]! > 0 && box[3]! > 0;
  const side = (name: string, fallback: number | undefined): number => {
    const found = /^\s*([\d.]+)\s*(px|pt|in|cm|mm)?\s*$/.exec(root.attributes.get(name) ?? '');
    const points = found ? Number(found[1]) * POINTS[found[2] ?? 'px']! : fallback;
    if (points === undefined || !(points > 0) || points > LARGEST_SIDE)
      throw new XmlError(`it has no usable ${name}`);
    return Math.round(points * 100) / 100;
  };
  const width = side('width', hasBox ? box[2] : undefined);
  const height = side('height', hasBox ? box[3] : undefined);
  return { width, height, viewBox: hasBox ? box.join(' ') : `0 0 ${width} ${height}` };
}

/** CSS pixels in one of each unit. */
const POINTS: Readonly<Record<string, number>> = { px: 1, pt: 4 / 3, in: 96, cm: 96 / 2.54, mm: 96 / 25.4 };
