import Collectives
import Datasets
import Foundation
import TestSupport
import Testing

@testable import Configurations

@Suite struct ClassSelectionTests {
  private func read(_ yaml: String, _ settings: String...) throws -> Configuration {
    try Configuration(yaml: yaml, path: "c.yaml", settings: settings)
  }

  private static let folder = "data: {source: \"folder:x\"}"

  @Test func aFileBecomesTheListThatItHolds() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("list.txt").path
      try Data("# names\ndog\n1\nnull\na b\n".utf8).write(to: URL(fileURLWithPath: path))
      var configuration = try read(Self.folder, "data.classes=\(path)")
      #expect(configuration.data.classes == .file(path))
      try configuration.readFiles(on: .alone())
      #expect(configuration.data.classes.list == ClassList(["dog", "1", "null", "a b"]))
      #expect(configuration.datasetOptions(indexFile: "i").classList?.names == ["1", "a b", "dog", "null"])
      // What is printed needs no file.
      #expect(try read(configuration.resolvedYAML) == configuration)
      #expect(try read(configuration.decisiveYAML).data.classes == configuration.data.classes)
    }
  }

  @Test func listsDecideTheResult() throws {
    let old = try read(Self.folder)
    let new = try read("data: {source: \"folder:x\", classes: [cat, dog]}")
    #expect(old.data.classes.list == nil)
    let difference = try #require(new.differences(from: old).first)
    #expect(difference.decidesResult && difference.key == "data.classes" && difference.old == "auto")
    #expect(difference.new.contains(/^list [0-9a-f]{8} of 2 classes$/))
    #expect(new.differences(from: try read("data: {source: \"folder:x\", classes: [dog, cat]}")).isEmpty)
  }

  @Test(arguments: ["[cat, cat]", "[]", "[a/b]", "{a: b}"]) func otherListsAreRefused(text: String) {
    #expect(throws: ConfigurationError.self) { try read("data: {source: \"folder:x\", classes: \(text)}") }
  }
}
