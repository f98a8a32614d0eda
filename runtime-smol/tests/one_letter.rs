//! The thinnest walk through everything: one payment over a real WebSocket.

use trustline_smol::core::Fulfillment;
use trustline_smol::core::ledger::Transfer;
use trustline_smol::core::session::{Event, LedgerInfo};
use trustline_smol::core::wire::ProtocolData;
use trustline_smol::{Client, Commands, Decision, Handler, Host, Payment};

struct Sell;

impl Handler for Sell {
    fn decide(&mut self, _transfer: &Transfer, _protocol_data: &ProtocolData) -> Decision {
        Decision::Fulfill(Fulfillment::from([7; 32]))
    }

    fn handle(&mut self, _event: Event, _commands: &mut Commands<'_>) {}
}

#[test]
fn a_customer_buys_one_letter() {
    smol::block_on(async {
        let info = LedgerInfo::new("example.letter-shop.mytrustline.", "XRP", 9);
        let host = Host::builder(info).account("alice", "s3cr3t").handler(|_| Sell).listen(([127, 0, 0, 1], 0).into()).await.unwrap();
        let client = Client::connect(&format!("btp+ws://alice:s3cr3t@{}/", host.address())).await.unwrap();
        let fulfillment = Fulfillment::from([7; 32]);
        let paid = client.pay(Payment::new(10, fulfillment.condition())).await.unwrap();
        assert_eq!(paid.fulfillment, fulfillment);
        assert_eq!(client.balance(), -10);
        assert_eq!(client.peer_balance().await.unwrap(), -10);
        assert_eq!(host.account("alice").unwrap().balance(), 10);
        assert_eq!(client.address().unwrap(), "example.letter-shop.mytrustline.client");
        client.close().await;
        host.close().await;
    });
}
