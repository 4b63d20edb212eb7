import Foundation
import Foundations
import TestSupport
import Testing

@testable import Machine

/// Who may write in a folder.
@Suite struct FolderClaimTests {
  /// Milliseconds instead of minutes.
  private static let pace = FolderClaim.Pace(
    beat: .milliseconds(20), patience: .milliseconds(400), look: .milliseconds(10))

  private static func take(_ folder: String, force: Bool = false, says: (String) -> Void = { _ in }) throws
    -> FolderClaim?
  {
    try FolderClaim.take(folder, force: force, pace: pace, inform: says) { false }
  }

  private static func path(_ folder: String) -> String { "\(folder)/\(FolderClaim.fileName)" }

  /// Writes the claim of another process, and gives it a heartbeat so long ago.
  private static func write(
    _ folder: String, secondsAgo: Double = 0, of original: String? = nil,
    _ edit: (inout [String: Any]) -> Void
  ) throws {
    let claim = try #require(try take(folder))
    var holder = try Golden.json(URL(fileURLWithPath: path(folder)))
    claim.release()
    var process = try #require(holder["process"] as? [String: Any])
    edit(&process)
    holder["process"] = process
    try DurableFiles.makeFolder(folder)
    try JSONSerialization.data(withJSONObject: holder).write(to: URL(fileURLWithPath: path(folder)))
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -secondsAgo)], ofItemAtPath: path(folder))
  }

  @Test func oneProcessAtATime() throws {
    try withTemporaryFolder { parent in
      let folder = parent.path + "/a/b"
      let claim = try #require(try Self.take(folder))
      #expect(claim.predecessor == nil)
      let error = #expect(throws: FolderHeld.self) { try Self.take(folder) }
      #expect(error?.holder?.process == .current && error?.folder == folder)
      #expect(
        error?.description.contains("\(folder) is in use by process \(getpid()) on ") == true,
        "\(String(describing: error))")
      // For its own process it is free.
      try FolderClaim.requireFree(folder)
      try claim.requireMine()
      claim.release()
      #expect(
        !FileManager.default.fileExists(atPath: parent.path + "/a"), "what was made for it goes with it")
      try #require(try Self.take(folder)).release()
    }
  }

  @Test func whatCameIntoTheFolderStays() throws {
    try withTemporaryFolder { parent in
      let folder = parent.path + "/a/b"
      let claim = try #require(try Self.take(folder))
      try Data().write(to: URL(fileURLWithPath: folder + "/result"))
      claim.release()
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["result"])
    }
  }

  /// A process of this host that has ended, or had the same number and started at another time.
  @Test(arguments: ["pid", "start"]) func aDeadProcessOfThisHostHoldsNothing(key: String) throws {
    try withTemporaryFolder { folder in
      try Self.write(folder.path) { $0[key] = key == "pid" ? Int(Int32.max) : "1" as Any }
      try FolderClaim.requireFree(folder.path)
      let claim = try #require(try Self.take(folder.path))
      #expect(claim.predecessor?.words.contains("since 20") == true)
      claim.release()
    }
  }

  /// It ended, and its parent has not asked for its exit code.
  @Test func aZombieHoldsNothing() throws {
    try withTemporaryFolder { folder in
      let zombie = Process()
      zombie.executableURL = URL(fileURLWithPath: "/bin/sh")
      // The shell's child ends; what the shell becomes does not ask for it.
      zombie.arguments = ["-c", "sh -c : & echo $!; exec sleep 60"]
      let output = Pipe()
      zombie.standardOutput = output
      try zombie.run()
      defer { zombie.terminate() }
      let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
      let number = try #require(Int32(line.trimmingCharacters(in: .whitespacesAndNewlines)))
      func stat() -> [Substring] {
        (SystemFiles.live.read("/proc/\(number)/stat") ?? "").split(separator: " ")
      }
      while stat().dropFirst(2).first != "Z" { usleep(1000) }
      let start = String(stat()[21])
      try Self.write(folder.path) {
        $0["pid"] = Int(number)
        $0["start"] = start
      }
      let claim = try #require(try Self.take(folder.path))
      #expect(claim.predecessor?.process.number == number)
      claim.release()
    }
  }

  /// What cannot be seen from here: another host, another container, an earlier start of the machine.
  static let elsewhere = ["host", "boot", "pid_namespace"]

  @Test(arguments: elsewhere) func aProcessElsewhereWithAHeartbeatHoldsIt(key: String) throws {
    try withTemporaryFolder { folder in
      try Self.write(folder.path) { $0[key] = "other" }
      #expect(throws: FolderHeld.self) { try FolderClaim.requireFree(folder.path) }
      let beats = Thread {
        while utimensat(AT_FDCWD, Self.path(folder.path), nil, 0) == 0 { usleep(20_000) }
      }
      beats.start()
      var said: [String] = []
      // Nothing depends on how soon the heartbeat comes.
      let patient = FolderClaim.Pace(beat: .seconds(60), patience: .seconds(600), look: .milliseconds(10))
      #expect(throws: FolderHeld.self) {
        try FolderClaim.take(folder.path, force: false, pace: patient, inform: { said.append($0) }) { false }
      }
      #expect(said.count == 1 && said[0].contains("waiting up to two minutes"))
      // The thread ends with the file.
      let claim = try #require(try Self.take(folder.path, force: true))
      claim.release()
    }
  }

  @Test(arguments: elsewhere) func aProcessElsewhereWithoutAHeartbeatLosesIt(key: String) throws {
    try withTemporaryFolder { folder in
      try Self.write(folder.path) { $0[key] = "other" }
      var said: [String] = []
      let claim = try #require(try Self.take(folder.path) { said.append($0) })
      #expect(claim.predecessor != nil && said.count == 1)
      claim.release()
      try Self.write(folder.path, secondsAgo: 3600) { $0[key] = "other" }
      try FolderClaim.requireFree(folder.path)
      said = []
      try #require(try Self.take(folder.path) { said.append($0) }).release()
      #expect(said.isEmpty, "an old heartbeat needs no wait")
    }
  }

  @Test func waitingCanBeGivenUp() throws {
    try withTemporaryFolder { folder in
      try Self.write(folder.path) { $0["host"] = "other" }
      let claim = try FolderClaim.take(folder.path, force: false) { true }
      #expect(claim == nil)
      #expect(FileManager.default.fileExists(atPath: Self.path(folder.path)))
    }
  }

  /// A claim that is cut short, as a crash may leave it, goes by its heartbeat.
  @Test func aDamagedClaimGoesByItsHeartbeat() throws {
    try withTemporaryFolder { folder in
      try Data("{".utf8).write(to: URL(fileURLWithPath: Self.path(folder.path)))
      let error = #expect(throws: FolderHeld.self) { try FolderClaim.requireFree(folder.path) }
      #expect(error?.description.contains("by a process that did not give its name") == true)
      let claim = try #require(try Self.take(folder.path))
      claim.release()
    }
  }

  @Test func aCopyOfAFolderThatIsHeldIsFree() throws {
    try withTemporaryFolder { parent in
      let (folder, copy) = (parent.path + "/a", parent.path + "/copy")
      let claim = try #require(try Self.take(folder))
      try FileManager.default.copyItem(atPath: folder, toPath: copy)
      let other = try #require(try Self.take(copy))
      other.release()
      // By another path it is the same folder.
      try DurableFiles.link(parent.path + "/link", to: "a")
      #expect(throws: FolderHeld.self) { try Self.take(parent.path + "/link") }
      claim.release()
    }
  }

  @Test func aHolderNoticesThatTheFolderWasTaken() throws {
    try withTemporaryFolder { folder in
      let first = try #require(try Self.take(folder.path))
      let second = try #require(try Self.take(folder.path, force: true))
      #expect(second.predecessor != nil)
      let error = #expect(throws: FolderLost.self) { try first.requireMine() }
      #expect(error?.holder != nil)
      first.release()
      try second.requireMine()
      second.release()
    }
  }

  @Test func aClaimOfAFolderThatVanishedCanBeRenewed() throws {
    try withTemporaryFolder { parent in
      let folder = parent.path + "/a"
      let claim = try #require(try Self.take(folder))
      try FileManager.default.removeItem(atPath: folder)
      try claim.requireMine()
      try DurableFiles.makeFolder(folder)
      let error = #expect(throws: FolderLost.self) { try claim.requireMine() }
      #expect(
        error?.description.hasPrefix("\(folder)/holder.json is gone, so that another process may") == true)
      claim.renew()
      try claim.requireMine()
      claim.release()
    }
  }

  @Test func theHeartbeatIsSeen() throws {
    try withTemporaryFolder { folder in
      let claim = try #require(try Self.take(folder.path))
      func beat() throws -> Date? {
        try FileManager.default.attributesOfItem(atPath: Self.path(folder.path))[.modificationDate] as? Date
      }
      let first = try beat()
      while try beat() == first { usleep(1000) }
      claim.release()
    }
  }
}
