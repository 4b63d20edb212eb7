import Collectives
import Foundation
import TestSupport
import Testing

@testable import Datasets

@Suite struct ClassListTests {
  /// `LC_ALL=C sort imagenet100.txt | sha256sum` of the published list.
  @Test func theBuiltInListIsThePublishedOne() throws {
    #expect(ClassList.imageNet100.names.count == 100)
    #expect(
      ClassList.imageNet100.digest == "5ee5db69d488bb799a286d8e181801c3d02798776c1ce9203e5450f64e086e07")
  }

  @Test(
    .enabled(
      if: Golden.dataFolder("imagenet100.txt") != nil,
      "\(Golden.missing("imagenet100.txt", variable: "SLUICE_DATA"))"))
  func thePublishedFileReadsAsTheBuiltInList() throws {
    let path = try #require(Golden.dataFolder("imagenet100.txt")).path
    #expect(try ClassList(contentsOf: path) == .imageNet100)
  }

  private func read(_ text: String) throws -> ClassList { try read(text.utf8) }

  private func read(_ bytes: some Sequence<UInt8>) throws -> ClassList {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("list.txt")
      try Data(bytes).write(to: path)
      do {
        return try ClassList(contentsOf: path.path, on: .alone())
      } catch let error as AgreedFailure {
        throw Refused(message: error.message.replacing(path.path, with: "FILE"))
      }
    }
  }

  private struct Refused: Error { let message: String }

  @Test func orderCommentsAndBlankLinesDecideNothing() throws {
    let list = try read("# pets\ndog\n\n  cat \r\nCat\n")
    #expect(list.names == ["Cat", "cat", "dog"])
    #expect(try read("cat\ndog\nCat") == list)
    #expect(try read("cat\ndog").digest != list.digest)
    #expect(try read("\u{FEFF}cat\rdog\r\nCat") == list)
  }

  @Test func namesAreBytes() throws {
    let both = try read("\(cafe.nfc)\n\(cafe.nfd)\n")
    #expect(both.names.map { Array($0.utf8) } == [cafe.nfd, cafe.nfc].map { Array($0.utf8) })
    #expect(ClassList([cafe.nfc, cafe.nfd]) == both)
    #expect(ClassList([cafe.nfc]) != ClassList([cafe.nfd]))
    let error = #expect(throws: Refused.self) { try read([0x61, 0x0A, 0x63, 0x61, 0x66, 0xE9]) }
    #expect(error?.message == #"FILE:2: 'caf\xE9' is not UTF-8: save the list as UTF-8"#)
  }

  @Test(arguments: [
    ("cat\n#\ncat\n", "FILE:3: 'cat' is listed before, in line 1"),
    ("\n# nothing\n", "FILE:1: expected the names of class folders, one per line"),
    ("cat\na/b\n", "FILE:2: 'a/b' cannot be the name of a class folder"),
    ("..", "FILE:1: '..' cannot be the name of a class folder"),
    ("cat\n.git\n", "FILE:2: '.git' is the name of a hidden folder, which is never a class"),
  ])
  func mistakesNameTheLine(text: String, message: String) {
    let error = #expect(throws: Refused.self) { try read(text) }
    #expect(error?.message == message)
  }

  @Test func namesFromAConfigurationAreCheckedToo() {
    #expect(ClassList(["b", "a"])?.names == ["a", "b"])
    for names in [[], ["a", "a"], ["a/b"], [""], ["@eaDir"]] { #expect(ClassList(names) == nil) }
  }
}
