#!/usr/bin/env node
'use strict'
// Pays a letter shop one unit too little, and then the price, with the real plugin: does it understand how it is rejected?
// node haggler.js --url btp+ws://:TOKEN@127.0.0.1:PORT/ --http http://127.0.0.1:HTTPPORT/
const L = require('./lib'); const Plugin = require('ilp-plugin-payment-channel-framework')
const o = L.args({ url: 'btp+ws://:@127.0.0.1:9000/', http: 'http://127.0.0.1:8000/' })
const finish = (out, code) => process.stdout.write(JSON.stringify(out) + '\n', () => process.exit(code))
const fail = e => finish({ error: String(e && e.message || e) }, 1)
process.on('unhandledRejection', fail); process.on('uncaughtException', fail)
;(async () => {
  const plugin = new Plugin({ server: o.url })
  await L.withTimeout(plugin.connect(), 10000, 'plugin.connect')
  const shop = await L.withTimeout(L.openShop(o.http), 10000, 'HTTP GET')
  const pay = (n, over) => {
    const p = L.payment(shop.pay, n, over)
    const ended = new Promise(resolve => {
      plugin.on('outgoing_reject', (t, reason) => { if (t.id === p.id) resolve({ reason }) })
      plugin.on('outgoing_fulfill', (t, fulfillment) => { if (t.id === p.id) resolve({ fulfilled: fulfillment === L.b64u(p.fulfillment) }) })
    })
    return plugin.sendTransfer({ id: p.id, from: plugin.getAccount(), to: p.account, ledger: plugin.getInfo().prefix, expiresAt: new Date(Date.now() + 30000).toISOString(), amount: p.amount, executionCondition: L.b64u(p.condition), ilp: L.b64u(p.ilp) }).then(() => L.withTimeout(ended, 10000, 'the outcome'))
  }
  const { reason } = await pay(0, { amount: String(BigInt(shop.pay.amount) - 1n) })
  const { fulfilled } = await pay(1)
  finish({ reason, fulfilled, balance: await plugin.getBalance(), letters: shop.text.length }, reason && fulfilled ? 0 : 1)
})().catch(fail)
