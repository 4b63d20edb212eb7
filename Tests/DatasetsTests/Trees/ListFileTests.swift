import Foundation
import TestSupport
import Testing

@testable import Datasets

@Suite struct ListFileTests {
  private func read<Result>(_ bytes: some Sequence<UInt8>, _ body: (ListFile) throws -> Result) throws
    -> Result
  {
    try withTemporaryFolder { folder in
      try MadeTree(in: folder).write("list", bytes)
      return try body(ListFile("\(folder.path)/list"))
    }
  }

  private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

  @Test func everyLineEndCountsOnce() throws {
    let lines = try read(Self.mark + Array("a\r\nb\n \t\n\rc d\re".utf8)) { $0.lines }
    #expect(lines.map(\.number) == [1, 2, 5, 6])
    #expect(lines.map(\.text) == ["a", "b", "c d", "e"])
    #expect(try read("".utf8) { $0.lines }.isEmpty)
  }

  @Test func utf16IsRefused() {
    for mark: [UInt8] in [[0xFF, 0xFE], [0xFE, 0xFF]] {
      let error = #expect(throws: DatasetError.self) { try read(mark + [0x61, 0]) { $0.lines } }
      #expect(error?.description.hasSuffix("/list:1: the file is UTF-16: save it as UTF-8") == true)
    }
  }

  @Test func quotesHoldWhatWouldEndAField() throws {
    let text = "a,\"b, c\",\r\n\n\"x \"\"y\"\"\",\"1\n2\r\n3\"\n\"\"\"\",\"\"\n,last"
    let records = try read(Self.mark + Array(text.utf8)) { try $0.records() }
    #expect(records.map(\.number) == [1, 3, 6, 7])
    #expect(
      records.map(\.fields) == [["a", "b, c", ""], ["x \"y\"", "1\n2\r\n3"], ["\"", ""], ["", "last"]])
  }

  @Test(arguments: [
    ("a,b\n\"c,d\ne,f\n", "/list:2: the quote that begins here has no end"),
    ("a,\"b\"c\n", "/list:1: a closing quote must be followed by a comma or the end of the line"),
  ])
  func aQuoteTooFewIsAnError(text: String, message: String) {
    let error = #expect(throws: DatasetError.self) { try read(text.utf8) { try $0.records() } }
    #expect(error?.description.hasSuffix(message) == true, "\(String(describing: error))")
  }
}
