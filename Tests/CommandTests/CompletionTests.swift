import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// What shells are told about the command line.
  @Suite struct Completions {
    @Test(arguments: ["bash", "zsh", "fish"]) func everyShellKnowsSubcommandsAndOptions(shell: String) throws
    {
      let output = try Program.run(["--generate-completion-script", shell])
      #expect(output.status == 0 && output.lines == [])
      for word in [
        "pretrain", "evaluate", "knn", "macs", "bench", "train", "progress", "euclidean", "objective.name=",
      ] {
        #expect(output.result.contains(word), "\(word)")
      }
    }

    /// The last word is completed.
    @Test(arguments: [
      ("sluice pre", ["pretrain"]), ("sluice evaluate k", ["knn"]),
      ("sluice pretrain a.yaml --qu", ["--quiet"]),
      ("sluice pretrain a.yaml --set objective.simclr.t", ["objective.simclr.temperature="]),
      ("sluice macs a.yaml --set checkpoint.", ["checkpoint.every=", "checkpoint.keep="]),
      ("sluice pretrain a.yaml --progress b", ["bar"]),
      ("sluice evaluate knn --metric e", ["euclidean"]),
      ("sluice evaluate knn --data cifar10", ["cifar100:", "cifar10:"]),
      ("sluice evaluate knn --checkpoint ru", ["runs"]), ("sluice macs --checkpoint ru", ["runs"]),
      ("sluice pretrain a.yaml --run ru", ["runs"]), ("sluice pretrain a.yaml --resume ru", ["runs"]),
      ("sluice bench tr", ["train"]), ("sluice bench train --obj", ["--objective"]),
      ("sluice checkpoint pr", ["prune"]), ("sluice checkpoint verify ru", ["runs"]),
      ("sluice pretrain ", ["runs", "small.yaml"]), ("sluice macs s", ["small.yaml"]),
    ])
    func bashCompletes(line: String, expected: [String]) throws {
      try withTemporaryFolder { folder in
        try FileManager.default.createDirectory(
          at: folder.appendingPathComponent("runs"), withIntermediateDirectories: true)
        for name in ["small.yaml", "notes.txt"] {
          try Data().write(to: folder.appendingPathComponent(name))
        }
        let script = folder.appendingPathComponent("script.bash")
        try Program.run(["--generate-completion-script", "bash"]).result
          .write(to: script, atomically: true, encoding: .utf8)
        // compopt complains: no person is completing.
        let replies = try Tool.run(
          [
            "bash", "-c",
            """
            source script.bash
            COMP_LINE='\(line)' COMP_POINT=\(line.utf8.count)
            COMP_WORDS=(\(line)\(line.hasSuffix(" ") ? "''" : ""))
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            function=$(complete -p sluice | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
            $function sluice "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf '%s\\n' "${COMPREPLY[@]}"
            """,
          ], in: folder
        ).result.split(separator: "\n").map(String.init)
        // Beside the files, an empty word could be an option.
        #expect(replies.filter { !line.hasSuffix(" ") || !$0.hasPrefix("-") }.sorted() == expected)
      }
    }
  }
}
