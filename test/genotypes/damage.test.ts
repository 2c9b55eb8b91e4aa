/** Damaged files: a GenotypeError with file and place, quickly and in little memory; and seeded fuzz over every reader. */
import { gzipSync, deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { openBgen } from '../../genotypes/bgen/bgen.js';
import { readSampleFile } from '../../genotypes/bgen/samplefile.js';
import { GenotypeError } from '../../genotypes/error.js';
import { MemorySource } from '../../genotypes/io/bytesource.js';
import { openBed } from '../../genotypes/plink1/bed.js';
import { openPgen } from '../../genotypes/plink2/pgen.js';
import { readScoringFile } from '../../genotypes/scores/scoringfile.js';
import type { GenotypeSource } from '../../genotypes/source.js';
import { readGwasVcf } from '../../genotypes/sumstats/gwasvcf.js';
import { readSumstats } from '../../genotypes/sumstats/read.js';
import { openVcf } from '../../genotypes/vcf/vcf.js';
import { encodeBgen, encodeFixedPgen, zstdStored } from './encode.js';
import type { BgenOptions } from './encode.js';
import { altDosages, seeded } from './oracle.js';

const source = (bytes: Uint8Array | string, name: string): MemorySource =>
  new MemorySource(Buffer.from(bytes), name);

/** One BGZF block of the text, and the empty one that ends a file. */
function bgzip(text: string, end = true): Buffer {
  const block = (content: Buffer): Buffer => {
    const body = deflateRawSync(content);
    const size = body.length + 26 - 1;
    const header = Buffer.from([
      31,
      139,
      8,
      4,
      0,
      0,
      0,
      0,
      0,
      255,
      6,
      0,
      66,
      67,
      2,
      0,
      size & 255,
      size >> 8,
    ]);
    const { crc, length } = crcOf(content);
    return Buffer.concat([header, body, crc, length]);
  };
  const pieces: Buffer[] = [];
  for (let from = 0; from < text.length; from += 100)
    pieces.push(block(Buffer.from(text.slice(from, from + 100))));
  return Buffer.concat([...pieces, ...(end ? [block(Buffer.alloc(0))] : [])]);
}

/** CRC-32 and length as gzip writes them: taken from gzip itself. */
function crcOf(content: Buffer): { crc: Buffer; length: Buffer } {
  const whole = gzipSync(content);
  return { crc: whole.subarray(-8, -4), length: whole.subarray(-4) };
}

const BIM = '1\trs1\t0\t10\tA\tG\n1\trs2\t0\t20\tC\tT\n';
const FAM = 'f\ta\t0\t0\t1\t-9\nf\tb\t0\t0\t2\t-9\nf\tc\t0\t0\t0\t-9\n';
const BED = Buffer.from([0x6c, 0x1b, 1, 0b111000, 0b000111]);
const PVAR = '#CHROM\tPOS\tID\tREF\tALT\n1\t10\trs1\tG\tA\n1\t20\trs2\tT\tC\n';
const PSAM = '#IID\tSEX\na\t1\nb\t2\nc\tNA\n';
const PGEN = encodeFixedPgen(
  3,
  [
    [0, 1, 3],
    [2, 3, 0],
  ],
  [
    [0, 16384, 65535],
    [32768, 20000, 0],
  ],
);
const GT = ['0/0', '0|1', './.'];
const VCF = [
  '##fileformat=VCFv4.2',
  '#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\tc',
  `1\t10\trs1\tG\tA\t.\t.\t.\tGT:DS\t${GT.map((gt, s) => `${gt}:${s / 2}`).join('\t')}`,
  `1\t20\trs2\tT\tC\t.\t.\t.\tGT:DS\t1:1\t0:0.5\t1/1:2`,
  '',
].join('\n');
const bgenOf = (options: Partial<BgenOptions> = {}): Buffer => {
  const people = [
    [200, 30],
    [0, 255],
    [255, 0],
  ].map((values) => ({ ploidy: 2 as const, values }));
  const variants = ['rs1', 'rs2'].map((id) => ({ id, alleles: ['G', 'A'], phased: false, bits: 8, people }));
  return encodeBgen(variants, 3, { compression: 'zlib', ids: ['a', 'b', 'c'], ...options });
};

const bed = (bytes: Uint8Array | string = BED, bim = BIM, fam = FAM) =>
  openBed({ bed: source(bytes, 'x.bed'), bim: source(bim, 'x.bim'), fam: source(fam, 'x.fam') });
const pgen = (bytes: Uint8Array = PGEN, pvar: Uint8Array | string = PVAR, psam = PSAM) =>
  openPgen({ pgen: source(bytes, 'x.pgen'), pvar: source(pvar, 'x.pvar'), psam: source(psam, 'x.psam') });
const bgen = (bytes: Uint8Array) => openBgen({ bgen: source(bytes, 'x.bgen') }, 'ref');
const vcf = (bytes: Uint8Array | string, field: 'GT' | 'DS' = 'GT') => openVcf(source(bytes, 'x.vcf'), field);

/** Opens, reads every dosage, and answers the error's text. */
async function failure(open: Promise<GenotypeSource>): Promise<string> {
  try {
    await altDosages(await open);
  } catch (error) {
    expect(error).toBeInstanceOf(GenotypeError);
    return (error as GenotypeError).message;
  }
  return 'no error';
}

/** A copy with bytes replaced from `at`. */
function patched(bytes: Uint8Array, at: number, ...values: number[]): Buffer {
  const copy = Buffer.from(bytes);
  copy.set(values, at);
  return copy;
}

test('the undamaged files are read', async () => {
  const opened = [
    bed(),
    pgen(),
    bgen(bgenOf()),
    vcf(VCF),
    vcf(VCF, 'DS'),
    vcf(bgzip(VCF)),
    vcf(gzipSync(VCF)),
    vcf(zstdStored(Buffer.from(VCF), false)),
  ];
  for (const open of opened) expect((await altDosages(await open)).length).toBe(6);
});

describe('exact words', () => {
  test.each<[string, () => Promise<GenotypeSource>, string]>([
    [
      '.bed cut short',
      () => bed(BED.subarray(0, 4)),
      'x.bed: 2 variants of 3 people need 5 bytes, the file has 4 (at byte 4)',
    ],
    [
      '.bed too long',
      () => bed(Buffer.concat([BED, BED])),
      'x.bed: 2 variants of 3 people need 5 bytes, the file has 10 (at byte 5)',
    ],
    ['.bed empty', () => bed(''), 'x.bed: not a PLINK 1 .bed (it does not begin with 6c 1b) (at byte 0)'],
    [
      '.bed sample-major',
      () => bed(patched(BED, 2, 0)),
      'x.bed: a sample-major .bed; rewrite it with plink1.9 --make-bed (at byte 2)',
    ],
    [
      '.bim position',
      () => bed(BED, BIM.replace('20', 'twenty')),
      'x.bim: "twenty" is not a base-pair position (line 2)',
    ],
    ['.bim columns', () => bed(BED, '1 rs1 0\n'), 'x.bim: 3 columns where a .bim has 6 (line 1)'],
    [
      '.bim chromosome',
      () => bed(BED, BIM.replace('1\trs2', '-1\trs2')),
      'x.bim: "-1" is not a chromosome (line 2)',
    ],
    ['.bim with NUL', () => bed(BED, 'a\0b\n'), 'x.bim: a NUL byte: this is not a text file (line 1)'],
    [
      '.bim of a Macintosh',
      () => bed(BED, '1\trs1\t0\t10\tA\tG\r1\trs2\t0\t20\tC\tT\r'),
      'x.bim: a carriage return inside a line (old Macintosh line ends?) (line 1)',
    ],
    [
      '.fam person twice',
      () => bed(BED, BIM, FAM.replace('b', 'a')),
      'x.fam: person f a is listed twice, as numbers 1 and 2 (line 2)',
    ],
    [
      '.pgen magic',
      () => pgen(patched(PGEN, 0, 0)),
      'x.pgen: not a PLINK 2 .pgen (it does not begin with 6c 1b) (at byte 0)',
    ],
    [
      '.pgen mode',
      () => pgen(patched(PGEN, 2, 0x20)),
      'x.pgen: storage mode 0x20; rewrite the file with plink2 --make-pgen (at byte 2)',
    ],
    [
      '.pgen claims 2³² variants',
      () => pgen(patched(PGEN, 3, 255, 255, 255, 255)),
      'x.pgen: 4294967295 variants, the .pvar has 2 (at byte 3)',
    ],
    [
      '.pgen claims 2³² people',
      () => pgen(patched(PGEN, 7, 255, 255, 255, 255)),
      'x.pgen: 4294967295 people, the .psam has 3 (at byte 7)',
    ],
    [
      '.pgen cut short',
      () => pgen(PGEN.subarray(0, 20)),
      'x.pgen: 2 records of 7 bytes need 26 bytes, the file has 20 (at byte 20)',
    ],
    [
      '.pgen dosage',
      () => pgen(patched(PGEN, 13, 0xff, 0xee)),
      'x.pgen: a dosage of 61183/16384 (at byte 19)',
    ],
    [
      '.pvar without ALT',
      () => pgen(PGEN, PVAR.replace('ALT', 'A')),
      'x.pvar: there is no ALT column (line 1)',
    ],
    ['.psam without IID', () => pgen(PGEN, PVAR, '#FID\nx\n'), 'x.psam: there is no IID column (line 1)'],
    [
      '.pvar.zst cut short',
      () => pgen(PGEN, zstdStored(Buffer.from(PVAR), true).subarray(0, 40)),
      'x.pvar: the zstd stream is cut short: Error: unexpected EOF (at byte 40)',
    ],
    [
      '.pvar.zst with a huge window',
      () => pgen(PGEN, Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0xa0, 1, 0, 0])),
      'x.pvar: zstd data does not decompress: the frame asks for a window of 1073741824 bytes (at byte 0)',
    ],
    [
      'BGEN magic',
      () => bgen(patched(bgenOf(), 16, 1)),
      'x.bgen: not a BGEN file (no "bgen" at byte 16) (at byte 16)',
    ],
    [
      'BGEN layout 1',
      () => bgen(bgenOf({ layout: 1 })),
      'x.bgen: BGEN layout 1; only layout 2 (BGEN 1.2 and 1.3) is read (at byte 20)',
    ],
    [
      'BGEN claims 2³² people',
      () => bgen(bgenOf({ claimedPeople: 2 ** 32 - 1 })),
      'x.bgen: 4294967295 sample ids cannot fit in 17 bytes (at byte 24)',
    ],
    [
      'BGEN claims 2³² variants',
      () => bgen(bgenOf({ claimedVariants: 2 ** 32 - 1 })),
      `x.bgen: 4294967295 variants cannot fit in ${bgenOf().length - 41} bytes (at byte 8)`,
    ],
    [
      'BGEN with a variant too few',
      () => bgen(bgenOf({ claimedVariants: 1 })),
      `x.bgen: ${(bgenOf().length - 41) / 2} bytes follow the 1 variants (at byte ${(bgenOf().length + 41) / 2})`,
    ],
    [
      'BGEN cut short',
      () => bgen(bgenOf().subarray(0, -1)),
      `x.bgen: variant 2 of 2 runs past the end (at byte ${(bgenOf().length + 41) / 2})`,
    ],
    ['VCF magic', () => vcf('hello\n'), 'x.vcf: not a VCF (no ##fileformat=VCF) (line 1)'],
    ['VCF without header', () => vcf('##fileformat=VCFv4.2\n'), 'x.vcf: there is no #CHROM line (line 1)'],
    [
      'VCF call',
      () => vcf(VCF.replace('0|1', '0|2')),
      'x.vcf: GT of "0|2:0.5" (b) is not a call of alleles 0 and 1 (line 3)',
    ],
    [
      'VCF ploidy',
      () => vcf(VCF.replace('0|1', '0|1|1')),
      'x.vcf: GT of "0|1|1:0.5" (b) has 3 alleles; only ploidy 1 and 2 are read (line 3)',
    ],
    [
      'VCF dosage',
      () => vcf(VCF.replace('0.5', '2.5'), 'DS'),
      'x.vcf: DS of "0|1:2.5" (b) is not a number from 0 to 2 (line 3)',
    ],
    [
      'VCF column too few',
      () => vcf(VCF.replace('\t1/1:2', '')),
      'x.vcf: genotypes of 2 people where there are 3 (line 4)',
    ],
    [
      'VCF column too many',
      () => vcf(VCF.replace('1/1:2', '1/1:2\t0/0:0')),
      'x.vcf: genotypes of more than 3 people (line 4)',
    ],
    [
      'VCF without the field',
      () => openVcf(source(VCF.replaceAll('GT:DS', 'XX:YY'), 'x.vcf'), 'DS'),
      'x.vcf: no DS in FORMAT "XX:YY" (line 3)',
    ],
    [
      'VCF.gz cut short',
      () => vcf(gzipSync(VCF).subarray(0, 90)),
      'x.vcf: the gzip stream is cut short (at byte 90)',
    ],
    [
      'VCF.bgz without its end',
      () => vcf(bgzip(VCF, false)),
      `x.vcf: the empty BGZF block that marks the end is absent (at byte ${bgzip(VCF, false).length})`,
    ],
  ])('%s', async (_, open, message) => {
    expect(await failure(open())).toBe(message);
  });

  test('UTF-16 is named as such', async () => {
    const utf16 = Buffer.from(`\ufeff${BIM}`, 'utf16le');
    const open = openBed({
      bed: source(BED, 'x.bed'),
      bim: source(utf16, 'x.bim'),
      fam: source(FAM, 'x.fam'),
    });
    expect(await failure(open)).toBe('x.bim: the file is UTF-16; save it as UTF-8 (line 1)');
  });

  test('mixed line ends and a byte-order mark are read', async () => {
    const opened = await bed(BED, `\ufeff${BIM.replace('\n', '\r\n')}`, FAM.trimEnd());
    expect(opened.variants.id.toArray()).toEqual(['rs1', 'rs2']);
    expect(opened.variants.chromosomeNames).toEqual(['1']);
  });
});

test('a gzip bomb in one line ends in an error, not in memory', async () => {
  const bomb = gzipSync(Buffer.alloc(2 ** 28, 65), { level: 1 });
  const before = process.memoryUsage().arrayBuffers;
  await expect(readSumstats(source(bomb, 'bomb.gz'), { layout: 'detect' })).rejects.toThrow(
    'bomb.gz: a line is longer than 134217728 bytes (line 1)',
  );
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 29);
});

describe('fuzz: whatever is changed, an answer or a GenotypeError', () => {
  const read = async (open: Promise<GenotypeSource>): Promise<Float64Array> => altDosages(await open);
  const text = (value: string): Buffer => Buffer.from(value);
  const SUMSTATS = text(
    'chr\tpos\trsid\tea\tnea\teaf\tbeta\tse\tp\tn\n1\t5\trs1\tA\tC\t0.1\t0.2\t0.1\t0.05\t100\nX\t6\trs2\tT\tG\t0.1\t0.2\t0.1\t0\t1e3\n',
  );
  const SCORE = text(
    '#pgs_id=x\n#genome_build=hg19\nrsID\tchr_name\tchr_position\teffect_allele\tother_allele\teffect_weight\nrs1\t1\t5\tA\tC\t0.5\n',
  );
  const GWASVCF = text(
    '##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts\n1\t5\trs1\tA\tG\t.\t.\t.\tES:SE:LP:AF\t1:1:1:0.5\n',
  );
  const SAMPLE = text('ID_1 ID_2 missing sex\n0 0 0 D\na a 0 1\nb b 0 2\n');
  // Variable width: a one-bit record with one listed dosage, then an LD-compressed one with one difference.
  const VARIABLE = Buffer.concat([
    Buffer.from([0x6c, 0x1b, 0x10, 2, 0, 0, 0, 3, 0, 0, 0, 0x84]),
    Buffer.from([24, 0, 0, 0, 0, 0, 0, 0, 0x21, 0x02, 7, 3]),
    Buffer.from([1, 0b010, 0, 1, 1, 0x00, 0x20]),
    Buffer.from([1, 2, 0b11]),
  ]);

  test('the variable-width file is a valid one', async () => {
    expect([...(await altDosages(await pgen(VARIABLE)))]).toEqual([0, 0.5, 0, 0, 1, NaN]);
  });

  test.each<[string, Buffer, (bytes: Buffer) => Promise<unknown>]>([
    ['.bed', BED, (b) => read(bed(b))],
    ['.bim', text(BIM), (b) => read(bed(BED, b.toString('latin1')))],
    ['.fam', text(FAM), (b) => read(bed(BED, BIM, b.toString('latin1')))],
    ['.pgen, fixed width', PGEN, (b) => read(pgen(b))],
    ['.pgen, variable width', VARIABLE, (b) => read(pgen(b))],
    ['.pvar', text(PVAR), (b) => read(pgen(PGEN, b))],
    ['.pvar.zst', zstdStored(text(PVAR), true), (b) => read(pgen(PGEN, b))],
    ['.psam', text(PSAM), (b) => read(pgen(PGEN, PVAR, b.toString('latin1')))],
    ['BGEN', bgenOf({ compression: 'none' }), (b) => read(bgen(b))],
    ['BGEN, zlib', bgenOf(), (b) => read(bgen(b))],
    ['BGEN, zstd', bgenOf({ compression: 'zstd' }), (b) => read(bgen(b))],
    ['BGEN, zstd without size', bgenOf({ compression: 'zstd-unsized' }), (b) => read(bgen(b))],
    ['VCF', text(VCF), (b) => read(vcf(b, 'DS'))],
    ['VCF, bgzip', bgzip(VCF), (b) => read(vcf(b))],
    ['VCF, gzip', gzipSync(VCF), (b) => read(vcf(b))],
    ['summary statistics', SUMSTATS, (b) => readSumstats(source(b, 'x'), { layout: 'detect' })],
    ['GWAS-VCF', GWASVCF, (b) => readGwasVcf(source(b, 'x'), {})],
    ['scoring file', SCORE, (b) => readScoringFile(source(b, 'x'))],
    ['.sample', SAMPLE, (b) => readSampleFile(source(b, 'x'))],
  ])('%s', async (name, valid, parse) => {
    const random = seeded(valid.length);
    const integer = (below: number): number => Math.floor(random() * below);
    let [errors, answers] = [0, 0];
    for (let round = 0; round < 400; round++) {
      let bytes = Buffer.from(valid);
      for (let edits = 1 + integer(3); edits > 0; edits--) {
        const at = integer(bytes.length + 1);
        const kind = integer(5);
        if (kind === 0) bytes = bytes.subarray(0, at);
        else if (kind === 1)
          bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + integer(8))]);
        else if (kind === 2)
          bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from([integer(256)]), bytes.subarray(at)]);
        else if (kind === 3 && at < bytes.length) bytes[at] = [0, 255, 128, 9, 10, 13][integer(6)]!;
        else if (at < bytes.length) bytes[at]! ^= 1 << integer(8);
      }
      try {
        await parse(bytes);
        answers++;
      } catch (error) {
        if (!(error instanceof GenotypeError))
          throw new Error(`${name}, round ${round}: ${bytes.toString('hex')}`, { cause: error });
        errors++;
      }
    }
    expect(errors + answers).toBe(400);
    expect(errors).toBeGreaterThan(20);
  });
});
