/**
 * Format: counts, times, sizes and names as people read them. Not responsible for colours or layout.
 */
import { isAbsolute, relative } from 'node:path';

/** `1,763` */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** `1 node`, `1,763 nodes` */
export function counted(value: number, noun: string, plural = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : plural}`;
}

/** `40 ms`, `1.4 s`, `12 s`, `4 min 05 s`, `2 h 07 min` */
export function duration(seconds: number): string {
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${count(Math.floor(whole / 3600))} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** `0:12`, `1:04:10`: time that goes on. */
export function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  const head = hours > 0 ? `${hours}:${two(minutes)}` : String(minutes);
  return `${head}:${two(whole % 60)}`;
}

/** `312 B`, `4.2 MiB` */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = value;
  let unit = 0;
  for (; size >= 1024 && unit < units.length - 1; unit++) size /= 1024;
  return unit === 0 ? `${value} B` : `${size.toFixed(1)} ${units[unit]!}`;
}

/** Local time: `2026-11-22 10:05` */
export function time(milliseconds: number): string {
  const date = new Date(milliseconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** Enough of a digest to name it. */
export function short(digest: string): string {
  return digest.slice(0, 12);
}

/** `knn`, or `knn[fev, 3]` */
export function instance(node: string, item: string): string {
  return item === '' ? node : `${node}[${item}]`;
}

/** The path as seen from the working folder, when it lies below it. */
export function nearPath(path: string, cwd = process.cwd()): string {
  const near = relative(cwd, path);
  return near === '' || near.startsWith('..') || isAbsolute(near) ? path : near;
}

/** The first `limit` of a list, and how many more: `a, b and 7 more`. */
export function listed(names: readonly string[], limit = 5): string {
  if (names.length <= limit) return names.join(', ');
  return `${names.slice(0, limit).join(', ')} and ${count(names.length - limit)} more`;
}

/** A word as it must be typed in a shell. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
