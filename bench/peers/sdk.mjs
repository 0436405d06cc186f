// SPDX-License-Identifier: MIT
// The payment of pay.lua with the official JS SDK.
//
//   node sdk.mjs FOLDER URL      FOLDER: where the SDK was installed by npm
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { createInterface } from "node:readline";

const [folder, baseUrl] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${folder}/x.js`));
const { PortOneClient } = require("@portone/server-sdk");
const client = PortOneClient({ secret: "s".repeat(100), baseUrl });

async function pay() {
  const answer = await client.payment.payWithBillingKey({
    paymentId: "order-1001", orderName: "monthly pass", currency: "KRW",
    billingKey: "billing-key-0123abcd-4567-89ef-0123-456789abcdef", amount: { total: 3000 },
    customer: { id: "user-42" },
  });
  if (!answer.payment) throw new Error("no payment");
}

for await (const line of createInterface({ input: process.stdin })) {
  const n = Number(line);
  const wall = process.hrtime.bigint();
  const cpu = process.cpuUsage();
  for (let i = 0; i < n; i++) await pay();
  const used = process.cpuUsage(cpu);
  const us = Number(process.hrtime.bigint() - wall) / 1000 / n;
  const own = (used.user + used.system) / n;
  console.log(`${us.toFixed(3)} ${own.toFixed(3)} ${own.toFixed(3)}`);
}
