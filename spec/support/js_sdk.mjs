// A shop's server by the official JavaScript SDK, unchanged but for its address. js_sdk_spec.lua
// runs it: node js_sdk.mjs FOLDER OPTIONS, and reads what it prints, one JSON text.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, options] = process.argv.slice(2);
const given = JSON.parse(options);
const require = createRequire(pathToFileURL(folder + "/package.json"));
const { PortOneClient, Webhook: sdkWebhook, ...sdk } = require("@portone/server-sdk");
const webhook = sdkWebhook ?? require("@portone/server-sdk/webhook");
const { Webhook: StandardWebhook } = require("standardwebhooks");

const api = PortOneClient({ secret: given.api_secret, baseUrl: given.v2_url,
  storeId: given.store_id });
const out = {};

// What a call is refused with, as the SDK tells it.
async function refusal(work) {
  try {
    await work();
    return { ok: true };
  } catch (error) {
    return { name: error.constructor.name, portone: error instanceof sdk.PortOneError,
      type: error.data?.type, reason: error.reason };
  }
}

// A receiver that keeps what comes, byte for byte.
const messages = [];
let arrived = () => {};
const receiver = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    messages.push({ headers: request.headers, body: Buffer.concat(parts).toString("utf8") });
    response.end();
    arrived();
  });
});
await new Promise((ready) => receiver.listen(0, "127.0.0.1", ready));
const hook = `http://127.0.0.1:${receiver.address().port}/hook`;

async function received(count) {
  const patience = Date.now() + 20000;
  while (messages.length < count && Date.now() < patience)
    await new Promise((ready) => { arrived = ready; setTimeout(ready, 50); });
  return messages.slice(0, count);
}

async function control(verb, args) {
  const answer = await fetch(given.v2_url + "/_sandbox/" + verb,
    { method: "POST", body: JSON.stringify(args) });
  return (await answer.json()).value;
}

const order = (billingKey, total) => ({ billingKey, orderName: "월간 이용권",
  amount: { total }, currency: "KRW", noticeUrls: [hook],
  customer: { id: "user-42", name: { full: "홍길동" } } });
const issue = (credential) => api.payment.billingKey.issueBillingKey({
  channelKey: given.channel_key, customer: { id: "user-42" }, noticeUrls: [hook],
  method: { card: { credential } } });

async function billing() {
  const { billingKeyInfo } = await issue(given.card);
  const key = billingKeyInfo.billingKey;
  out.key = (await api.payment.billingKey.getBillingKeyInfo({ billingKey: key })).status;
  out.keys = (await api.payment.billingKey.getBillingKeyInfos({
    page: { number: 0, size: 10 } })).items.length;
  const paid = await api.payment.payWithBillingKey({ paymentId: "pay-1", ...order(key, 3000) });
  out.paid_at = paid.payment.paidAt;
  out.paid = await api.payment.getPayment({ paymentId: "pay-1" });
  out.again = await refusal(() => api.payment.payWithBillingKey(
    { paymentId: "pay-1", ...order(key, 3000) }));
  return key;
}

async function schedules(key) {
  const made = await api.payment.paymentSchedule.createPaymentSchedule({ paymentId: "pay-2",
    payment: order(key, 4000), timeToPay: given.time_to_pay });
  const id = made.schedule.id;
  const get = () => api.payment.paymentSchedule.getPaymentSchedule({ paymentScheduleId: id });
  out.scheduled = (await get()).status;
  out.in_the_way = await refusal(() => api.payment.billingKey.deleteBillingKey(
    { billingKey: key }));
  await control("advance", { by: "1 month" });
  out.executed = (await get()).status;
  const later = await api.payment.paymentSchedule.createPaymentSchedule({ paymentId: "pay-3",
    payment: order(key, 5000), timeToPay: given.later });
  const revoked = await api.payment.paymentSchedule.revokePaymentSchedules({ billingKey: key });
  out.revoked = revoked.revokedScheduleIds[0] === later.schedule.id;
  out.schedules = (await api.payment.paymentSchedule.getPaymentSchedules({
    page: { number: 0, size: 10 }, filter: { from: given.from, until: given.later } }))
    .items.map((one) => one.status).sort();
}

async function money(key) {
  const part = await api.payment.cancelPayment({ paymentId: "pay-1", amount: 1000,
    currentCancellableAmount: 3000, reason: "부분 취소" });
  out.cancelled = [part.cancellation.status, part.cancellation.totalAmount];
  out.inconsistent = await refusal(() => api.payment.cancelPayment({ paymentId: "pay-1",
    amount: 1000, currentCancellableAmount: 3000, reason: "x" }));
  const list = await api.payment.getPayments({ page: { number: 0, size: 10 },
    filter: { from: given.from, until: given.later } });
  out.list = list.items.map((one) => one.id + " " + one.status).sort();
  out.missing = await refusal(() => api.payment.getPayment({ paymentId: "none" }));
  const declined = (await issue(given.declined)).billingKeyInfo.billingKey;
  out.declined = await refusal(() => api.payment.payWithBillingKey(
    { paymentId: "pay-4", ...order(declined, 10) }));
  const stranger = PortOneClient({ secret: "wrong", baseUrl: given.v2_url });
  out.stranger = await refusal(() => stranger.payment.getPayment({ paymentId: "pay-1" }));
  await api.payment.billingKey.deleteBillingKey({ billingKey: key });
  out.deleted = (await api.payment.billingKey.getBillingKeyInfo({ billingKey: key })).status;
}

// What the sandbox has sent, and what portone.webhook.sign has signed, by the SDK's own check.
async function webhooks() {
  await control("flush", {});
  const seen = [];
  for (const message of await received(given.webhooks))
    seen.push((await webhook.verify(given.webhook_secret, message.body, message.headers)).type);
  out.types = seen.sort();
  const [first] = messages;
  out.forged = await refusal(() => webhook.verify(given.webhook_secret, first.body + " ",
    first.headers));
  out.foreign = await refusal(() => webhook.verify(given.other_secret, first.body, first.headers));
  const { body, headers, secret } = given.signed;
  out.signed = (await webhook.verify(secret, body, headers)).type;
  new StandardWebhook(secret).verify(body, headers);
}

// Messages of the package standardwebhooks for portone.webhook.verify.
function messages_of_others() {
  const texts = ["{}", '{"type":"Transaction.Paid","data":{}}', '{"이름":"나이키 와플 2 SD"}',
    '{"pad":"' + "x".repeat(20000) + '"}', '{"emoji":"🎮","null":null,"n":1.5}'];
  return texts.map((body, i) => {
    const secret = "whsec_" + Buffer.from(crypto.getRandomValues(new Uint8Array(16 + 8 * i)))
      .toString("base64");
    const id = "msg_" + i, at = new Date();
    const signature = new StandardWebhook(secret).sign(id, at, body);
    return { secret, body, headers: { "webhook-id": id, "webhook-signature": signature,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1000)) } };
  });
}

const key = await billing();
await schedules(key);
await money(key);
await webhooks();
out.messages = messages_of_others();
receiver.close();
receiver.closeAllConnections();
console.log(JSON.stringify(out));
