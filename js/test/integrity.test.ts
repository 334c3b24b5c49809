import assert from "node:assert/strict";
import { test } from "node:test";
import { unpacked } from "../src/bundle_file";
import { IntegrityError, readBundle } from "../src/main";
import { trustOf, verify } from "../src/trust";
import { rows } from "./vectors";

type Bytes = string | { readonly base64: string };

interface Row {
  readonly name: string;
  readonly data: Bytes;
  readonly signature?: Bytes;
  readonly signers?: string;
  readonly time?: number;
  readonly verdict: string;
  readonly needs?: string;
}

test("each bundle is accepted or refused; one that needs what this package lacks is refused by name", async () => {
  const all = rows<Row>("integrity");
  for (const row of all) {
    const { name, verdict, needs } = row;
    const message = await refusal(row);

    const found = message === undefined ? "accepted" : "refused";
    assert.equal(found, needs === undefined ? verdict : "refused", `${name}: ${message}`);
    assert.ok(needs === undefined || message?.includes(needs), message);
  }
  assert.ok(all.length > 100);
});

async function refusal({ data, signature, signers, time }: Row): Promise<string | undefined> {
  const signed = { data: bytes(data), signature: signature === undefined ? undefined : bytes(signature), where: "a" };
  try {
    if (signers !== undefined) await verify(signed, await trustOf(signers, "signers"), time);
    await readBundle(await unpacked(signed.data));
  } catch (error) {
    assert.ok(error instanceof IntegrityError, String(error));
    return error.message;
  }
  return undefined;
}

function bytes(value: Bytes): Uint8Array {
  return typeof value === "string" ? Buffer.from(value) : Buffer.from(value.base64, "base64");
}
