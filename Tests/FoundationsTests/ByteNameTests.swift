import Foundation
import Testing

@testable import Foundations

@Suite struct ByteNameTests {
  private let nfc = ByteName("caf\u{E9}")
  private let nfd = ByteName("cafe\u{301}")
  private let latin = ByteName([0x63, 0x61, 0x66, 0xE9])

  /// As `String`s they are the same.
  @Test func normalFormsAreTwoNames() {
    #expect("caf\u{E9}" == "cafe\u{301}")
    #expect(nfc != nfd && Set([nfc, nfd]).count == 2)
    #expect(nfc.looksLike(nfd) && nfd.looksLike(nfc))
    #expect(!nfc.looksLike(nfc) && !nfc.looksLike("cafe") && !nfc.looksLike(latin))
  }

  @Test func orderIsThatOfBytes() {
    #expect([nfc, nfd, "cafz", "cafe"].sorted() == ["cafe", nfd, "cafz", nfc])
  }

  @Test func textShowsWhatIsNone() {
    #expect(nfd.text == "caf\u{E9}" && nfd.string.map { Array($0.utf8) } == nfd.bytes)
    #expect(latin.text == "caf\\xE9" && latin.string == nil)
    #expect(ByteName("a\nb\u{7F}").text == "a\\x0Ab\\x7F")
    // The first two of three bytes, then a good letter.
    #expect(ByteName([0xE2, 0x82, 0x61]).text == "\\xE2\\x82a")
    #expect(ByteName([]).text == "")
  }

  @Test func spellingTellsApartWhatLooksTheSame() {
    #expect(nfc.spelling == "caf\\u{E9}" && nfd.spelling == "cafe\\u{301}")
    #expect(latin.spelling == "caf\\xE9" && ByteName("\u{1F408}").spelling == "\\u{1F408}")
    #expect(toldApart("caf\u{E9}", "cafe\u{301}") == ("caf\\u{E9}", "cafe\\u{301}"))
    #expect(toldApart("caf\u{E9}", "th\u{E9}") == ("caf\u{E9}", "th\u{E9}"))
  }

  @Test func jsonKeepsEveryByte() throws {
    let names = [nfc, nfd, latin, ""]
    let data = try JSONEncoder().encode(names)
    #expect(try JSONDecoder().decode([ByteName].self, from: data) == names)
    #expect(String(decoding: data, as: UTF8.self).hasPrefix("[\"caf\u{E9}\","))
  }
}
