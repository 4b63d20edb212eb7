import Foundation
import Foundations
import TestSupport
import Testing
import Training

@testable import Studies

/// Runs below a folder.
@Suite struct RunSearchTests {
  private static func names(_ folder: URL) throws -> [String] {
    try RunSearch(below: folder.path).runs.map(\.name)
  }

  @Test func runsAreFoundAtAnyDepthInTheOrderOfTheirNames() throws {
    try withTemporaryFolder { folder in
      for name in ["run-10", "run-2", "a/b/c", "run-2/inner"] { _ = try MadeRun("\(folder.path)/\(name)") }
      // Nothing below a run's checkpoints is looked at.
      _ = try MadeRun(folder.path + "/run-2/checkpoints/step-00000020/x")
      try DurableFiles.makeFolder(folder.path + "/configs")
      try MadeRun.write("epochs: 3", to: folder.path + "/configs/config.yaml")
      #expect(try Self.names(folder) == ["a/b/c", "run-2", "run-2/inner", "run-10"])
      #expect(try RunSearch(below: folder.path + "/run-2").runs.map(\.name) == [".", "inner"])
      #expect(try RunSearch(below: folder.path + "/").runs[0].path == folder.path + "/a/b/c")
    }
  }

  /// Circles end, and a run that links lead to as well keeps its own name.
  @Test func linksAreFollowedOnce() throws {
    try withTemporaryFolder { folder in
      _ = try MadeRun(folder.path + "/runs/a")
      _ = try MadeRun(folder.path + "/elsewhere/b")
      for (link, target) in [
        ("runs/0", "a"), ("runs/circle", ".."), ("runs/itself", "itself"), ("runs/c", "../elsewhere/b"),
      ] {
        try DurableFiles.link("\(folder.path)/\(link)", to: target)
      }
      #expect(try Self.names(folder.appendingPathComponent("runs")) == ["a", "c"])
    }
  }

  @Test(arguments: ["line\nbreak", "tab\tand \u{1B}[31m", "🙂 émoji", "'quotes\""])
  func anyNameIsShownOnOneLine(
    name: String
  ) throws {
    try withTemporaryFolder { folder in
      _ = try MadeRun("\(folder.path)/\(name)")
      let selection = try RunSelection(below: folder.path)
      #expect(selection.runs.map(\.name) == [name])
      let list = RunList(selection)
      #expect(list.text.split(separator: "\n", omittingEmptySubsequences: false).count == 4)
      #expect(!list.text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
      let read = try JSONDecoder().decode(JSONValue.self, from: Data(list.json.line.utf8))
      #expect(read["runs"]?.elements?.first?["path"]?.string == "\(folder.path)/\(name)")
    }
  }

  /// 0xFF is no text; such a folder is counted, and what else is there is listed.
  @Test func aNameThatIsNoTextIsSkipped() throws {
    try withTemporaryFolder { folder in
      let run = try MadeRun(folder.path + "/a").folder
      let name = Array("\(folder.path)/".utf8) + [0xFF, 0]
      try #require(rename(run.path, name.map { CChar(bitPattern: $0) }) == 0)
      _ = try MadeRun(folder.path + "/b")
      let search = try RunSearch(below: folder.path)
      #expect(search.runs.map(\.name) == ["b"] && search.skipped.count == 1)
      #expect(search.skipped.first?.reason.contains("not UTF-8") == true)
    }
  }

  @Test func whatCannotBeReadIsSaid() throws {
    try withTemporaryFolder { folder in
      let file = folder.path + "/file"
      try MadeRun.write("", to: file)
      #expect(throws: StudyError.unreadable(path: file, reason: "Not a directory")) {
        try RunSearch(below: file)
      }
      #expect(
        RunList(try RunSelection(below: folder.path)).text.hasPrefix("there are no runs below \(folder.path)")
      )
    }
  }
}
