import Collectives
import Configurations
import Foundation
import Layers
import Tensors
import Training

/// A failure of one rank, as a data set or a file would cause it.
private struct BrokenDisk: Error, CustomStringConvertible {
  let rank: Int
  var description: String { "the disk of rank \(rank)\nis broken" }
}

/// What `agree` throws if `body` throws on the ranks for which `fails` holds.
private func agreedFailure(_ world: Communicator, where fails: (Int) -> Bool) throws -> AgreedFailure? {
  do {
    try world.agree { if fails(world.rank) { throw BrokenDisk(rank: world.rank) } }
    return nil
  } catch let failure as AgreedFailure {
    return failure
  }
}

let controlChecks = [
  RankCheck("broadcast hands every rank the root's text, whatever its length") { world in
    for root in 0..<world.worldSize {
      for length in [0, 1, 100_000] {
        let text = String(repeating: "ä", count: length) + "from \(root)"
        let mine = world.rank == root ? text : "something else"
        try expect(try world.broadcast(value: mine, from: root) == text, "\(length) letters from \(root)")
      }
    }
  },

  RankCheck("gathered texts of different lengths come in rank order") { world in
    let texts = try world.gatherEach(String(repeating: "µ\(world.rank)", count: world.rank * 3))
    let expected = (0..<world.worldSize).map { String(repeating: "µ\($0)", count: $0 * 3) }
    try expect(texts == expected, "\(texts)")
  },

  RankCheck("a barrier lets nobody through before everybody has come") { world in
    // Ranks leave a file before it and look for those of their machine's ranks behind it.
    let name = try world.broadcast(value: "barrier-\(UUID())")
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(name)
    func mark(_ round: Int, _ rank: Int) -> String { folder.appendingPathComponent("\(round)-\(rank)").path }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let hosts = try world.gatherEach(world.hostName)
    var missing: [String] = []
    for round in 0..<50 {
      _ = FileManager.default.createFile(atPath: mark(round, world.rank), contents: nil)
      try world.barrier()
      for (rank, host) in hosts.enumerated() where host == world.hostName {
        if !FileManager.default.fileExists(atPath: mark(round, rank)) { missing.append("\(round): \(rank)") }
      }
    }
    try world.barrier()
    try? FileManager.default.removeItem(at: folder)
    try expect(missing.isEmpty, "passed before these had come (round: rank): \(missing)")
  },

  RankCheck("ranks that agree go on with their own results") { world in
    try expect(try world.agree { world.rank * 10 } == world.rank * 10, "another rank's result")
  },

  RankCheck("rank 1's failure alone is thrown on every rank", minimumRanks: 2) { world in
    let failure = try agreedFailure(world) { $0 == 1 }
    try expect(failure?.rank == 1, "\(String(describing: failure))")
    try expect(failure?.message == "the disk of rank 1 is broken", "\(String(describing: failure))")
    try expect(failure?.isEverywhere == false, "one rank is not everybody")
    let texts = Set(try world.gatherEach("\(failure.map(String.init(describing:)) ?? "")"))
    try expect(texts.count == 1, "ranks throw different things: \(texts)")
    try expect(texts.first?.hasPrefix("rank 1 on ") == true, "\(texts)")
  },

  RankCheck("of several failures the lowest rank's is thrown", minimumRanks: 3) { world in
    let failure = try agreedFailure(world) { $0 >= 1 }
    try expect(failure?.rank == 1, "\(String(describing: failure))")
  },

  RankCheck("a failure on every rank is told without a rank") { world in
    let failure = try agreedFailure(world) { _ in true }
    try expect(failure?.description == "the disk of rank 0 is broken", "\(String(describing: failure))")
  },

  RankCheck("a failed agreement leaves the ranks in step") { world in
    _ = try agreedFailure(world) { $0 == world.worldSize - 1 }
    try expect(try world.sum([Int64(1)]) == [Int64(world.worldSize)], "the sum after it is wrong")
  },

  RankCheck("what rank 0 does alone is told to all, and so is its failure") { world in
    for count in [0, 1, 50] {
      let result = try world.onRoot { isStopRequested in
        for _ in 0..<count { try expect(try !isStopRequested(), "nobody asked") }
        return count
      }
      try expect(result == (world.rank == 0 ? count : nil), "\(String(describing: result))")
    }
    do {
      try _ = world.onRoot { _ in throw BrokenDisk(rank: world.rank) }
      throw Unmet(description: "rank 0's failure was not thrown")
    } catch let failure as AgreedFailure {
      try expect(failure.rank == 0 && failure.message == "the disk of rank 0 is broken", "\(failure)")
    }
  },

  RankCheck("a signal to one rank asks all to stop, also while rank 0 works alone") { world in
    try expect(try !world.isStopRequested(), "before the signal")
    world.catchStopSignals()
    if world.rank == world.worldSize - 1 {
      // From beside, as this rank waits while rank 0 works.
      Thread.detachNewThread { kill(getpid(), SIGUSR1) }
    }
    let asked = try world.onRoot { isStopRequested in
      let end = Date().addingTimeInterval(30)
      while try !isStopRequested(), Date() < end {}
      return try isStopRequested()
    }
    try expect(asked == (world.rank == 0 ? true : nil), "rank 0 did not hear of it")
    try expect(try world.isStopRequested() && world.isStopRequested(), "once asked, always asked")
  },

  RankCheck("an MPI error names the call and carries MPI's text", minimumRanks: 2) { world in
    guard let channel = world.channels?.control else { throw Unmet(description: "no channel") }
    var bytes = [UInt8](repeating: 0, count: 4)
    do {
      try bytes.withUnsafeMutableBytes { try channel.broadcast($0, from: world.worldSize + 7) }
      throw Unmet(description: "broadcast from a rank that does not exist went through")
    } catch let error as CollectiveError {
      let text = error.description
      try expect(text.hasPrefix("MPI_Bcast failed: "), text)
      try expect(text.lowercased().contains("root"), text)
    }
  },

  RankCheck("a table of kernels that rank 0 alone can read reaches every rank") { world in
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("kernels-\(UUID()).yaml").path
    var table = KernelTable(measuredWith: ConvolutionBackends.linked.libraries)
    table.append(
      ConvolutionShape(
        rows: 64, inChannels: 16, height: 8, width: 8, outChannels: 16, kernelSize: 3, stride: 1, padding: 1),
      [.forward: OneDNNBackend.winograd])
    if world.rank == 0 { try table.write(to: path, comment: "a test's") }
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = try ConfigurationFile(
      yaml: "data: {source: shapes}\nkernels: \(world.rank == 0 ? path : "/no/such/file")", path: "c.yaml")
    let configuration = try file.resolved(imageSize: 32, on: world)
    try expect(configuration.kernels == .table(table), "\(configuration.kernels)")
  },

  RankCheck("a checkpoint that rank 0 alone can see opens on every rank") { world in
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("checkpoint-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let configuration = Configuration(dataSource: "shapes")
    let state = TrainingState(
      step: 7, epoch: 1, imagesSeen: 9, seed: 2, configuration: configuration.decisiveYAML)
    let store = CheckpointStore(runFolder: folder)
    if world.rank == 0 {
      try store.prepare()
      try store.save(
        step: 7,
        files: [
          .init(name: TrainingState.fileName) { state.encode() },
          .init(name: "a.safetensors") {
            Safetensors.encode([.init(name: "x", shape: [2], values: [3, 4] as [Float])])
          },
        ])
    }
    // Each rank's folder has a name of its own: the others find nothing there.
    let checkpoint = try Checkpoint.open(store.folder + "/latest", on: world)
    try expect(checkpoint.state == state, "\(checkpoint.state)")
    try expect(
      try checkpoint.configuration(imageSize: 32) == configuration, "another configuration")
    let tensor = try checkpoint.tensors(in: "a.safetensors").floats("x")
    try expect(tensor == [3, 4], "\(tensor)")
  },
]
