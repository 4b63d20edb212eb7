import Collectives
import Datasets
import Foundation
import TestSupport
import Testing

@testable import Configurations

@Suite struct ClassesTests {
  private func file(_ yaml: String, _ settings: String...) throws -> ConfigurationFile {
    try ConfigurationFile(yaml: yaml, path: "c.yaml", settings: settings)
  }

  private func read(_ yaml: String) throws -> Configuration { try file(yaml).resolved(imageSize: 32) }

  private static let folder = "data: {source: \"folder:x\"}"

  @Test func aFileBecomesTheListThatItHolds() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("list.txt").path
      try Data("# names\ndog\n1\nnull\na b\n".utf8).write(to: URL(fileURLWithPath: path))
      let file = try file(Self.folder, "data.classes=\(path)")
      #expect(file.yaml.contains("\n  classes: \(path)\n"))
      let configuration = try file.resolved(imageSize: 32)
      #expect(configuration.data.classes == ClassList(["dog", "1", "null", "a b"]))
      // What is printed needs no file.
      #expect(try read(configuration.resolvedYAML) == configuration)
      #expect(try read(configuration.decisiveYAML).data.classes == configuration.data.classes)
    }
  }

  @Test func listsDecideTheResult() throws {
    let old = try read(Self.folder)
    let new = try read("data: {source: \"folder:x\", classes: [cat, dog]}")
    #expect(old.data.classes == nil)
    let difference = try #require(new.differences(from: old).first)
    #expect(difference.decidesResult && difference.key == "data.classes" && difference.old == "auto")
    #expect(difference.new.contains(/^list [0-9a-f]{8} of 2 classes$/))
    #expect(new.differences(from: try read("data: {source: \"folder:x\", classes: [dog, cat]}")).isEmpty)
  }

  /// Folders whose names differ in their Unicode form alone are others.
  @Test func textsAreComparedByTheirBytes() throws {
    let folders = ["caf\u{E9}", "cafe\u{301}"]
    let sources = try folders.map { try read("data: {source: \"folder:\($0)\"}") }
    #expect(sources[0] != sources[1])
    #expect(
      sources[1].differences(from: sources[0]).map(\.description) == [
        #"data.source: "folder:caf\u{E9}" → "folder:cafe\u{301}""#
      ])
    let lists = try folders.map { try read("data: {source: \"folder:x\", classes: [\($0)]}") }
    #expect(lists[0] != lists[1] && lists[1].differences(from: lists[0]).map(\.key) == ["data.classes"])
    #expect(try read(lists[1].resolvedYAML) == lists[1])
    #expect(
      try file("data: {source: \"folder:x\", classes: [\(folders[0]), \(folders[1])]}").yaml.contains(
        folders[1]))
    // To Unicode, the sign of equality is crossed out.
    let slashed = "\u{338}x"
    #expect(try file(Self.folder, "data.source=folder:\(slashed)").yaml.contains("folder:\(slashed)"))
    #expect(try file(Self.folder, "data.classes=\(slashed)").yaml.contains("classes: \"\(slashed)\""))
  }

  @Test(arguments: ["[cat, cat]", "[]", "[a/b]", "{a: b}"]) func otherListsAreRefused(text: String) {
    #expect(throws: ConfigurationError.self) { try file("data: {source: \"folder:x\", classes: \(text)}") }
  }
}
