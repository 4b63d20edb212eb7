import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  @Suite struct VersionOption {
    @Test(arguments: [1, 2]) func saysWhatWasBuilt(ranks: Int) throws {
      let output = try Program.run(["--version"], ranks: ranks)
      #expect(output.status == 0 && output.lines == [])
      let form =
        #/^sluice \d+\.\d+\.\d+ \((commit [0-9a-f]{40,64}(, modified)?|unknown commit), Swift \d\S*, (debug|release) build\)\n$/#
      #expect(output.result.contains(form), "\(output.result)")
    }

    @Test(.enabled(if: Checkout.head != nil, "no git checkout, or it went on after the program was built"))
    func namesTheCheckedOutCommit() throws {
      let output = try Program.run(["--version"])
      #expect(output.result.contains("(commit \(try #require(Checkout.head))"), "\(output.result)")
    }
  }
}

/// The repository that the program was built from.
private enum Checkout {
  /// The commit; nil where there is no repository, or git moved on after the build.
  static let head: String? = {
    guard git("rev-parse", "--show-prefix") == "", let head = git("rev-parse", "HEAD"),
      let log = git("rev-parse", "--git-path", "logs/HEAD"),
      let moved = modified(URL(fileURLWithPath: log, relativeTo: Program.root)),
      let built = modified(URL(fileURLWithPath: Program.path))
    else { return nil }
    return moved <= built ? head : nil
  }()

  private static func modified(_ url: URL) -> Date? {
    (try? FileManager.default.attributesOfItem(atPath: url.path))?[.modificationDate] as? Date
  }

  private static func git(_ arguments: String...) -> String? {
    guard let asked = try? Tool.run(["git"] + arguments), asked.status == 0 else { return nil }
    return asked.result.trimmingCharacters(in: .newlines)
  }
}
