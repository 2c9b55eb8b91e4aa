/**
 * Page: the HTML document around the report's parts: policy, style, table of contents, script.
 *
 * The policy forbids every request and every script but the page's own, whatever the parts hold.
 */
import { createHash } from 'node:crypto';
import { markup, Html, type Part } from './html.js';
import { SCRIPT } from './script.js';
import { STYLE } from './style.js';

export interface PageSection {
  readonly id: string;
  readonly title: string;
  /** Entries below it in the table of contents. */
  readonly entries: readonly { readonly id: string; readonly title: Part }[];
  readonly content: Html;
}

const POLICY = [
  "default-src 'none'",
  `script-src 'sha256-${createHash('sha256').update(SCRIPT).digest('base64')}'`,
  // Figures carry their presentation in attributes.
  "style-src 'unsafe-inline'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

export function renderPage(page: {
  title: string;
  /** Below the title. */
  header: Html;
  sections: readonly PageSection[];
}): string {
  const { title, header, sections } = page;
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="cohortflow">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<div class="page">
<header><h1>${title}</h1>
${header}</header>
<nav aria-label="Contents"><h2>Contents</h2>
<ol>${sections.map(contentsEntry)}</ol></nav>
<main id="content">
${sections.map(sectionHtml)}</main>
</div>
<script>${new Html(SCRIPT)}</script>
</body>
</html>
`.text;
}

function sectionHtml({ id, title, content }: PageSection): Html {
  return markup`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
${content}</section>
`;
}

function contentsEntry({ id, title, entries }: PageSection): Html {
  const below = entries.map((entry) => markup`<li><a href="#${entry.id}">${entry.title}</a></li>`);
  return markup`<li><a href="#${id}">${title}</a>${below.length > 0 ? markup`<ol>${below}</ol>` : null}</li>\n`;
}

/** Ids for sections, made of their titles, so that a text can link to them; no two alike. */
export class Anchors {
  private readonly taken = new Set<string>(['content']);

  of(title: string): string {
    const base =
      title
        .toLowerCase()
        .normalize('NFC')
        .replace(/[^\p{L}\p{N}]+/gu, '-')
        .replace(/^-|-$/g, '') || 'section';
    // Figures, tables and nodes have numbers or names of their own.
    const start = /^(figure|table|node)-/.test(base) ? `section-${base}` : base;
    let id = start;
    for (let n = 2; this.taken.has(id); n++) id = `${start}-${n}`;
    this.taken.add(id);
    return id;
  }
}
