import Foundation
import TestSupport
import Testing

@testable import Foundations

@Suite struct FileReadingTests {
  private func read(_ bytes: [UInt8]) throws -> String {
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("text")
      try Data(bytes).write(to: file)
      return try readText(file.path)
    }
  }

  @Test func aTextKeepsItsBytesButNotItsMark() throws {
    #expect(try read(Array("a: é\r\nb\r\n".utf8)) == "a: é\r\nb\r\n")
    #expect(try read([0xEF, 0xBB, 0xBF] + Array("a".utf8)) == "a")
    #expect(try read([]) == "")
    let long = String(repeating: "0123456789", count: 20_000)
    #expect(try read(Array(long.utf8)) == long)
  }

  /// Latin-1, and the UTF-16 of Windows.
  @Test(arguments: [[0x61, 0xFF, 0x62], [0xFF, 0xFE, 0x61, 0x00]] as [[UInt8]])
  func whatIsNotUTF8IsRefused(bytes: [UInt8]) {
    let error = #expect(throws: UnreadableText.self) { try read(bytes) }
    #expect(error?.reason == "it is not text in UTF-8")
  }

  @Test func aPipeIsReadToItsEnd() throws {
    let pipe = Pipe()
    try pipe.fileHandleForWriting.write(contentsOf: Data("epochs: 3\n".utf8))
    try pipe.fileHandleForWriting.close()
    #expect(try readText("/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)") == "epochs: 3\n")
  }

  @Test(arguments: [
    ("/no/such", "No such file or directory"), ("/", "Is a directory"),
    (
      "/dev/fd/999999",
      "the launcher did not pass this pipe on to the ranks: pipe into /dev/stdin, or start them with scripts/launch"
    ),
  ])
  func theReasonIsTheTrueOne(path: String, reason: String) {
    let error = #expect(throws: UnreadableText.self) { try readText(path) }
    #expect(error?.reason == reason)
  }
}
