import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// What scripts/man makes of what the program says of itself.
  @Suite(.enabled(if: Tool.isInstalled("python3"), "python3 is not installed: scripts/man needs it"))
  struct ManualPage {
    @Test func namesEveryCommandAndOption() throws {
      let page = try Tool.run(["scripts/man", Program.path])
      #expect(page.status == 0 && page.errors == "", "\(page.errors)")
      for text in [
        ".SS sluice pretrain\n", ".SS sluice evaluate knn\n", ".SS sluice macs\n", ".SS sluice bench train\n",
        "\\fB\\-q\\fR, \\fB\\-\\-quiet\\fR\n", "\\fB\\-\\-metric\\fR \\fImetric\\fR\n",
        "\\fB\\-\\-version\\fR\n",
        "auto, bar, lines; default: auto)",
      ] {
        #expect(page.result.components(separatedBy: text).count >= 2, "\(text)")
      }
    }

    @Test(.enabled(if: Tool.isInstalled("man"), "man is not installed"))
    func rendersWithoutWarnings() throws {
      try withTemporaryFolder { folder in
        let file = folder.appendingPathComponent("sluice.1")
        try Tool.run(["scripts/man", Program.path]).result.write(to: file, atomically: true, encoding: .utf8)
        let shown = try Tool.run(
          ["MANWIDTH=80", "LC_ALL=C.UTF-8", "man", "--warnings", "--local-file", file.path])
        #expect(shown.status == 0 && shown.errors == "", "\(shown.errors)")
        #expect(shown.result.contains("sluice evaluate knn --checkpoint CHECKPOINT --data DATA [options]"))
        // Examples can be copied as they are.
        #expect(shown.result.contains("scripts/launch -n 2 sluice pretrain configs/cifar10-quick.yaml \\\n"))
      }
    }

    @Test func aProgramThatIsNotThereIsOneSentence() throws {
      let page = try Tool.run(["scripts/man", "/nowhere/sluice"])
      #expect(page.status == 1 && page.result == "")
      #expect(page.errors.hasPrefix("man: /nowhere/sluice cannot be asked: "), "\(page.errors)")
    }
  }
}
