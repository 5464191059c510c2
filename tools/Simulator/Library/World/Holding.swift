package import Primitives

/// What an account holds: money and energy (their sums over all accounts never change) and how many transfers it sent.
package struct Holding: Hashable, Sendable, BCSCodable {
    package var money: Amount
    package var energy: Energy
    package var sent: UInt64

    package init(money: Amount, energy: Energy, sent: UInt64) {
        self.money = money
        self.energy = energy
        self.sent = sent
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.i64(money)
        encoder.i64(energy)
        encoder.u64(sent)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        money = try decoder.i64()
        energy = try decoder.i64()
        sent = try decoder.u64()
    }
}

/// The sender pays `money` and gets `energy` from the receiver.
package struct Transfer: Hashable, Sendable, BCSCodable {
    package let receiver: UInt64
    package let money: Amount
    package let energy: Energy

    package init(receiver: UInt64, money: Amount, energy: Energy) {
        self.receiver = receiver
        self.money = money
        self.energy = energy
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(receiver)
        encoder.i64(money)
        encoder.i64(energy)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        receiver = try decoder.u64()
        money = try decoder.i64()
        energy = try decoder.i64()
    }
}
