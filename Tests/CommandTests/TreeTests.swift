import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// Training on trees of class folders, as a person sees it.
  @Suite struct Trees {
    /// A tree of pets, and a small run on it.
    private func withPets(_ body: (MadeTree, SmallRun) throws -> Void) throws {
      try withTemporaryFolder { folder in
        try body(try .pets(in: folder.appendingPathComponent("pets")), SmallRun(in: folder))
      }
    }

    private func command(_ small: SmallRun, _ tree: MadeTree, _ settings: String...) -> [String] {
      small.command(
        "data.source=folder:\(tree.path)", "batch.global=8", "network.input_size=16", "max_steps=1")
        + settings.flatMap { ["--set", $0] }
    }

    // MARK: Faults

    @Test(arguments: [1, 2]) func faultsAreListedOnceAndNothingIsWritten(ranks: Int) throws {
      try withPets { tree, small in
        for number in 0..<3 { try tree.write("train/dog/\(number).png", "") }
        try tree.write("val/cat/x.jpg", TestImage.png().dropLast(100))
        let output = try Program.run(command(small, tree), ranks: ranks, seconds: 30)
        #expect(output.status == 1 && output.result == "")
        #expect(
          output.lines == [
            "sluice: folder:\(tree.path): 4 faults in 13 files:",
            "  \(tree.path)/train/dog/0.png: it is empty",
            "  \(tree.path)/train/dog/1.png: it is empty",
            "  \(tree.path)/train/dog/2.png: it is empty",
            "  \(tree.path)/val/cat/x.jpg: the PNG ends before its last row",
            "  `sluice data verify folder:\(tree.path)` finds everything",
          ])
        #expect(!FileManager.default.fileExists(atPath: small.run.path))
      }
    }

    /// Root may read everything, so the program is somebody else then.
    @Test(.enabled(if: geteuid() != 0 || Tool.isInstalled("setpriv"), "root, and no setpriv"))
    func whatMayNotBeReadIsAFault() throws {
      try withPets { tree, small in
        chmod(tree.url("train/cat/2.png").path, 0)
        chmod(small.folder.path, 0o777)
        let shell =
          geteuid() == 0 ? "exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$0\" \"$@\"" : "true"
        let output = try Job(command(small, tree) + ["--dry-run"], seconds: 30, after: shell).wait()
        #expect(output.status == 1)
        #expect(
          output.lines.dropFirst().first == "  \(tree.path)/train/cat/2.png: Permission denied", "\(output)")
      }
    }

    /// The second rank is on a host of its own, as far as it can see: another name, another folder in the same place.
    @Test(
      .enabled(
        if: Tool.canMount && Tool.isInstalled("unshare"), "only root can pretend to be a host, with unshare"))
    func aHostWithOtherFilesIsNamed() throws {
      try withPets { tree, small in
        let other = try MadeTree.pets(in: small.folder.appendingPathComponent("other"))
        func run() throws -> Program.Output {
          let pretend =
            "hostname elsewhere && mount --make-rprivate / && mount --bind \(other.path) \(tree.path)"
          let shell =
            "[ \"$OMPI_COMM_WORLD_RANK\" = 0 ] || "
            + "exec unshare --uts --mount bash -c '\(pretend) && exec \"$0\" \"$@\"' \"$0\" \"$@\""
          return try Job(command(small, tree) + ["--dry-run"], ranks: 2, seconds: 60, after: shell).wait()
        }
        let same = try run()
        #expect(same.status == 0, "\(same)")
        try other.remove("train/dog/2.png")
        let output = try run()
        #expect(output.status == 1 && output.lines.count == 1, "\(output)")
        let line = output.lines.first ?? ""
        #expect(
          line.hasPrefix(
            "sluice: rank 1 on elsewhere: folder:\(tree.path) does not hold the files that rank 0 "))
        #expect(
          line.hasSuffix(": train/dog/2.png is missing (7 training images instead of 8); copy them again"))
      }
    }

    // MARK: Names and links

    private func link(_ path: String, to target: String, in tree: MadeTree) throws {
      try FileManager.default.createSymbolicLink(atPath: tree.url(path).path, withDestinationPath: target)
    }

    /// What is wrong with folders and lists stops a run like images that cannot be used.
    @Test(arguments: [1, 2]) func linksAndListsAreFaultsToo(ranks: Int) throws {
      try withPets { tree, small in
        try link("train/eel", to: "/none/eel", in: tree)
        try link("train/kitty", to: "cat", in: tree)
        try tree.write("train/dog/.ipynb_checkpoints/0-checkpoint.png", TestImage.png())
        for name in ["cat", "dog"] { try tree.remove("val/\(name)") }
        try tree.addImages(3, to: "val")
        try tree.write(
          "val/val_annotations.txt", "0.png\tcat\n1.png\tdog\n2.png\tdog\n0.png\tdog\n3.png\tdog\n")
        let faults = [
          "\(tree.path)/train/eel: it is a broken link to /none/eel",
          "\(tree.path)/train/kitty: it is the same folder as \(tree.path)/train/cat: its images would be of two classes",
          "\(tree.path)/val/val_annotations.txt:4: 0.png is of class dog here, of class cat in line 1",
        ]
        let stopped = try Program.run(command(small, tree), ranks: ranks, seconds: 30)
        #expect(stopped.status == 1 && stopped.result == "")
        #expect(
          stopped.lines == ["sluice: folder:\(tree.path): 3 faults in 14 files:"] + faults.map { "  \($0)" }
            + ["  `sluice data verify folder:\(tree.path)` finds everything"])

        let skipped = try Program.run(
          command(small, tree, "data.on_error=skip") + ["--dry-run", "--json"], ranks: ranks, seconds: 30)
        #expect(skipped.status == 0, "\(skipped)")
        #expect(
          skipped.warnings.filter { $0.contains(tree.path) } == [
            "warning: \(tree.path)/val/val_annotations.txt has 1 image that \(tree.path)/val does not have: 3.png",
            "warning: \(tree.path)/val has no images of 2 of the 3 classes, the first is cat",
            "warning: folder:\(tree.path): 3 faults in folders and lists: \(faults.joined(separator: "; "))",
          ])
        let notes = try #require(try skipped.object()["data_notes"] as? [String])
        #expect(
          notes.contains("folder: 1 hidden file or folder left out: train/dog/.ipynb_checkpoints"), "\(notes)"
        )
      }
    }

    /// Two names of one look: two classes, in a tree and in its pack, whose folder looks like the tree's.
    @Test func namesAreBytes() throws {
      try withTemporaryFolder { folder in
        let (nfc, nfd) = ("caf\u{E9}", "cafe\u{301}")
        let tree = MadeTree(in: folder.appendingPathComponent(nfc))
        for name in [nfc, nfd] { try tree.addImages(2, to: "train/\(name)") }
        let out = folder.appendingPathComponent("\(nfd)/pack").path
        let packed = try Program.run(["data", "pack", "folder:\(tree.path)", out, "--shards", "1"])
        #expect(packed.status == 0, "\(packed)")
        for source in ["folder:\(tree.path)", "packed:\(out)"] {
          let object = try Program.run(["data", "inspect", source, "--json"]).object()
          let names = try #require(object["classes"] as? [String])
          #expect(names.map { Array($0.utf8) } == [nfd, nfc].map { Array($0.utf8) }, "\(source)")
          #expect((object["train"] as? [String: Any])?["class_counts"] as? [Int] == [2, 2])
        }
      }
    }

    // MARK: Runs

    @Test func aRunKeepsItsIndexAndKnowsItsFilesAgain() throws {
      try withPets { tree, small in
        try tree.age()
        let plan = try Program.run(command(small, tree) + ["--dry-run", "--json"]).object()
        let digest = try #require(plan["data_digest"] as? String)
        let notes = try #require(plan["data_notes"] as? [String])
        #expect(notes.count == 1 && notes[0].hasSuffix("file list SHA-256 \(digest.prefix(12))"))
        let index = small.run.appendingPathComponent("data-index")
        #expect(!FileManager.default.fileExists(atPath: small.run.path))

        let first = try Program.run(command(small, tree), ranks: 2)
        #expect(first.status == 0 && first.lines.count { $0 == notes[0] } == 1, "\(first)")
        #expect(FileManager.default.fileExists(atPath: index.path))
        for path in ["environment.json", "checkpoints/latest/state.json"] {
          let text = try String(contentsOf: small.run.appendingPathComponent(path), encoding: .utf8)
          #expect(text.contains("\"data_digest\" : \"\(digest)\""), "\(path)")
        }
        // An index that is still right is used: a file that was damaged in place is not looked at.
        try tree.write("train/cat/0.png", "")
        let second = try Program.run(command(small, tree), ranks: 1)
        #expect(
          second.status == 1 && second.errors.contains("train/cat/0.png cannot be used: it is empty"))
        try tree.write("train/cat/0.png", TestImage.png())

        // Other files: other numbers, so the run cannot go on.
        try tree.addImages(6, to: "train/cat")
        let other = try Program.run(command(small, tree, "max_steps=2"), ranks: 2)
        let sentence =
          "\(small.checkpoint(1).path) holds a run on different data "
          + "(file list SHA-256 \(digest.prefix(12)) → "
        #expect(other.status == 1 && other.errors.contains("sluice: " + sentence), "\(other)")
      }
    }

    /// What a list says decides the result, not what it is called.
    @Test func listsOfClassesAreComparedByContent() throws {
      try withPets { tree, small in
        try tree.addImages(4, to: "train/eel")
        for (name, text) in [("one", "dog\ncat\n"), ("same", "# pets\ncat\ndog\n"), ("other", "cat\neel\n")] {
          try Data(text.utf8).write(to: small.folder.appendingPathComponent("\(name).txt"))
        }
        func run(_ list: String, _ steps: Int) throws -> Program.Output {
          let path = small.folder.appendingPathComponent("\(list).txt").path
          return try Program.run(
            command(small, tree, "max_steps=\(steps)", "data.classes=\(path)"), ranks: steps)
        }
        let first = try run("one", 1)
        #expect(first.status == 0, "\(first)")
        let configuration = try String(
          contentsOf: small.run.appendingPathComponent("config.yaml"), encoding: .utf8)
        #expect(configuration.contains("\n  classes:\n    - cat\n    - dog\n"))
        let other = try run("other", 2)
        #expect(other.status == 1)
        #expect(
          other.errors.contains(
            #/a different configuration \(data\.classes: list [0-9a-f]{8} of 2 classes → list/#),
          "\(other)")
        let same = try run("same", 2)
        #expect(same.status == 0, "\(same)")

        // Evaluation takes the same list.
        let evaluation = try Program.run([
          "evaluate", "knn", "--checkpoint", small.run.path + "/checkpoints/latest", "--data",
          "folder:\(tree.path)", "--classes", small.folder.appendingPathComponent("same.txt").path, "--json",
        ]).object()
        #expect(evaluation["images"] as? Int == 4)
        #expect(
          (evaluation["data_notes"] as? [String])?.first?.contains("8 training images in 2 classes") == true)
      }
    }
  }
}
