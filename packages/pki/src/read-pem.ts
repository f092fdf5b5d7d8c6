import { fail, ok, type Result } from '@etcd-rotate/protocol';

export interface PemBlock {
  type: string;
  der: Buffer;
  /** Line of the BEGIN, for messages. */
  line: number;
}

/**
 * Splits PEM text into blocks, and refuses whatever Go's reader, and so etcd, would silently pass over: etcd does not
 * fail on a block it cannot see, it starts without that CA (facts: etcd, section 2). Comments, blank lines and CRLF
 * are no harm to it and none here.
 */
export function readPem(text: string): Result<PemBlock[]> {
  const blocks: PemBlock[] = [];
  let open: { type: string; line: number; body: string[] } | undefined;
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  for (const [index, line] of lines.entries()) {
    const number = index + 1;
    const begin = /^-----BEGIN ([^-\r]+)-----[ \t]*$/.exec(line)?.[1];
    const end = /^-----END ([^-\r]+)-----[ \t]*$/.exec(line)?.[1];
    if (begin !== undefined) {
      if (open)
        return refuse(`the block of line ${open.line} has no END before the BEGIN of line ${number}`, lost);
      open = { type: begin, line: number, body: [] };
    } else if (end !== undefined) {
      if (!open) return refuse(`line ${number} ends a block that never began`, lost);
      if (open.type !== end)
        return refuse(`the block of line ${open.line} begins as ${open.type} and ends as ${end}`, lost);
      const der = decoded(open.body);
      if (!der) return refuse(`the block of line ${open.line} is not base64`, lost);
      blocks.push({ type: open.type, der, line: open.line });
      open = undefined;
    } else if (!open && index === lines.length - 1 && line !== '' && '-----BEGIN '.startsWith(line)) {
      return refuse(`the file is cut off in line ${number}`, lost);
    } else if (/-----END .*-----BEGIN /.test(line)) {
      return refuse(
        `line ${number} joins an END and a BEGIN without a newline between them`,
        'etcd would start without both',
      );
    } else if (/-(BEGIN|END) |^\s*-+\s*(BEGIN|END)\b/i.test(line)) {
      return refuse(`line ${number} has a BEGIN or END that is not alone and exact on its line`, lost);
    } else {
      open?.body.push(line);
    }
  }
  return open ? refuse(`the block of line ${open.line} is cut off before its END`, lost) : ok(blocks);
}

const lost = 'etcd would start without that certificate';

function decoded(body: string[]): Buffer | undefined {
  const base64 = body.join('').replace(/[ \t]/g, '');
  const valid = base64.length > 0 && base64.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(base64);
  return valid ? Buffer.from(base64, 'base64') : undefined;
}

function refuse(
  what: string,
  consequence: string,
): { ok: false; failure: ReturnType<typeof fail>['failure'] } {
  return fail(
    'bad-bundle',
    `${what}: ${consequence}`,
    'write each PEM block on lines of its own and complete',
  );
}
