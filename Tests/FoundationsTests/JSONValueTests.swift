import Foundation
import Foundations
import Testing

@Suite struct JSONValueTests {
  @Test func readsWhatItWrites() throws {
    let value = JSONValue.object([
      "a": .integer(1), "b": .number(0.1), "c": .text("π\n\""), "d": .flag(true), "e": .null,
      "f": .list([.integer(-2), .object([:]), .list([])]), "g_h": .object(["i": .flag(false)]),
    ])
    #expect(try JSONDecoder().decode(JSONValue.self, from: Data(value.line.utf8)) == value)
    #expect(try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(value)) == value)
  }
}
