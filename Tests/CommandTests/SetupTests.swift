import Foundation
import TestSupport
import Testing

/// scripts/setup --check, on a system that is not Debian and has little.
@Suite struct SetupTests {
  /// A setup that finds only these tools, beside what it is itself made of.
  private func withSetup(_ tools: [String], _ body: (Script) throws -> Void) throws {
    try withTemporaryFolder { folder in
      var setup = Script(name: "setup", folder: folder)
      let bin = folder.appendingPathComponent("tools")
      try FileManager.default.createDirectory(at: bin, withIntermediateDirectories: true)
      for tool in ["bash", "env", "basename", "dirname", "sed", "head"] + tools {
        let found = ["/usr/bin", "/bin"].map { "\($0)/\(tool)" }
          .first { FileManager.default.isExecutableFile(atPath: $0) }
        let path = try #require(found, "\(tool) is not installed")
        try FileManager.default.createSymbolicLink(
          atPath: bin.appendingPathComponent(tool).path, withDestinationPath: path)
      }
      setup.environment = ["PATH": "\(folder.path)/bin:\(bin.path)"]
      try body(setup)
    }
  }

  private func begins(_ output: Program.Output) -> [String] {
    output.result.split(separator: "\n").map { String($0.prefix { $0 != ":" }) }
  }

  @Test func listsEverythingThatIsMissing() throws {
    try withSetup([]) { setup in
      let output = try setup.run(["--check"])
      #expect(output.status == 1)
      #expect(
        begins(output) == [
          "a C compiler", "the C++ standard library for developers", "mpirun", "Open MPI's mpi.h and libmpi",
          "OpenBLAS' cblas.h and libopenblas", "oneDNN's dnnl.h and libdnnl",
          "libjpeg-turbo's jpeglib.h and libjpeg", "libpng's png.h and libpng", "zlib's zlib.h and libz",
          "Swift is missing",
        ])
    }
  }

  /// A compiler that finds every header but oneDNN's.
  @Test func asksTheCompilerForHeaders() throws {
    try withSetup(["grep"]) { setup in
      try setup.install("cc", "! grep -q dnnl")
      try setup.install("mpirun", "")
      try setup.install("swift", "echo 'Swift version 6.3.1 (swift-6.3.1-RELEASE)'")
      let output = try setup.run(["--check"])
      #expect(output.status == 1)
      #expect(begins(output) == ["oneDNN's dnnl.h and libdnnl"])
    }
  }

  @Test(arguments: [("6.1.2", 1), ("5.10", 1), ("6.2", 0), ("7.0", 0)])
  func knowsWhichSwiftIsNewEnough(version: String, status: Int32) throws {
    try withSetup([]) { setup in
      try setup.install("cc", "exit 0")
      try setup.install("mpirun", "")
      try setup.install("swift", "echo 'Swift version \(version) (swift-RELEASE)'")
      let output = try setup.run(["--check"])
      #expect(output.status == status)
      #expect(
        output.result == "nothing is missing\n" || output.result.hasPrefix("Swift \(version.prefix(3))"))
    }
  }

  @Test func namesThePackagesOnDebian() throws {
    try withSetup([]) { setup in
      try setup.install("dpkg-query", "[[ $3 != libdnnl-dev ]] && echo installed")
      try setup.install("swift", "echo 'Swift version 6.3 (swift-6.3-RELEASE)'")
      let output = try setup.run(["--check"])
      #expect(output.status == 1)
      #expect(output.result == "the package libdnnl-dev: apt-get install libdnnl-dev\n")
    }
  }

  /// Every script says what it is for, and refuses what it does not know before it does anything.
  @Test(arguments: ["bench-peer", "launch", "quickstart", "setup", "test", "virtual-cluster"])
  func scriptsHaveHelp(name: String) throws {
    try withTemporaryFolder { folder in
      let script = Script(name: name, folder: folder)
      let help = try script.run(["--help"])
      #expect(help.status == 0)
      #expect(help.result.split(separator: "\n").count > 1)
      #expect(help.errors == "")
      let mistake = try script.run(["--no-such-option"])
      #expect(mistake.status == 64)
      #expect(mistake.errors.split(separator: "\n").count == 1, "\(mistake.errors)")
    }
  }
}
