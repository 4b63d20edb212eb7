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

  @Test(arguments: ["[cat, cat]", "[]", "[a/b]", "{a: b}"]) func otherListsAreRefused(text: String) {
    #expect(throws: ConfigurationError.self) { try file("data: {source: \"folder:x\", classes: \(text)}") }
  }
}
