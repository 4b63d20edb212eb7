import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// Contracts C1, C2 and C5 on several hosts, whose links and power fail.
  @Suite(
    .enabled(if: VirtualHosts.canBeMade, "making network namespaces needs root, iproute2 and util-linux"))
  struct Hosts {
    private let patience = ["--collective-timeout", "3s"]

    private func expectUndisturbed(_ small: SmallRun) throws {
      expectEqual(try contents(of: small.checkpoint(SmallRun.steps)), try SmallRun.uninterrupted(.simclr))
    }

    private func wait(until condition: () throws -> Bool) throws {
      let end = Date().addingTimeInterval(60)
      while try !condition() {
        try #require(Date() < end, "nothing happened")
        Thread.sleep(forTimeInterval: 0.005)
      }
    }

    private func lines(_ output: Program.Output, _ prefix: String) -> [String] {
      output.errors.split(separator: "\n").map(String.init).filter { $0.hasPrefix(prefix) }
    }

    /// - Parameter ranks: On each host.
    @Test(arguments: [([1, 1], nil), ([1, 1], "100mbit"), ([2, 1, 1], nil)] as [([Int], String?)])
    func severalHostsWriteTheBitsOfOne(ranks: [Int], rate: String?) throws {
      try withVirtualHosts(ranks.count, rate: rate) { hosts in
        let small = try SmallRun(in: hosts.folder)
        let names = ranks.indices.map { "node\($0 + 1)" }
        let hostfile = try hosts.writeHostfile(zip(names, ranks).map { "\($0) slots=\($1)" })
        let all = ranks.reduce(0, +)
        let output = try hosts.launch(small.command(), options: ["-n", "\(all)"], hostfile: hostfile)
        #expect(output.status == 0, "\(output)")
        let place = "\(all) ranks × 1 thread on \(names.joined(separator: ", ")), "
        #expect(output.result.contains(place), "\(output)")
        try expectUndisturbed(small)
        #expect(try small.metrics() == SmallRun.uninterruptedMetrics(.simclr))
      }
    }

    /// TCP sends again what was lost.
    @Test func aLinkThatComesBackChangesNothing() throws {
      try withVirtualHosts(2) { hosts in
        let small = try SmallRun(in: hosts.folder)
        let hold = try Hold(beforeStep: 8, in: hosts.folder)
        defer { hold.release() }
        let output = try hosts.launch(small.command(), options: ["--ranks-per-node", "1"], hold: hold) { _ in
          try wait { hold.isReached }
          try hosts.virtualCluster("cut", "node2")
          hold.release()
          // As long as the fault is to be: nothing can happen meanwhile.
          Thread.sleep(forTimeInterval: 5)
          #expect(try small.loggedSteps() == Array(1...7))
          try hosts.virtualCluster("mend", "node2")
        }
        #expect(output.status == 0, "\(output)")
        try expectUndisturbed(small)
        #expect(try small.metrics() == SmallRun.uninterruptedMetrics(.simclr))
      }
    }

    @Test func aHostThatIsCutOffIsNamedAndNothingIsLeftOnAny() throws {
      try withVirtualHosts(2) { hosts in
        let small = try SmallRun(in: hosts.folder)
        let hold = try Hold(beforeStep: 8, in: hosts.folder)
        defer { hold.release() }
        // The daemon of Open MPI there ends when TCP gives up, which is after 15 minutes otherwise.
        try hosts.virtualCluster("exec", "node2", "echo 3 >/proc/sys/net/ipv4/tcp_retries2")
        let output = try hosts.launch(
          small.command() + patience, options: ["--ranks-per-node", "1"], hold: hold
        ) { _ in
          try wait { hold.isReached }
          try hosts.virtualCluster("cut", "node2")
          hold.release()
        }
        #expect(output.status == 1, "\(output)")
        let sentences = lines(output, "sluice: ")
        #expect(sentences.count == 1, "\(output)")
        #expect(
          sentences.first?.contains(
            #/^sluice: rank 0 on node1: waited 3 s in '[a-z ]+' of step 8 \(--collective-timeout\) for rank 1 on node2, /#
          ) == true, "\(output)")
        #expect(
          lines(output, "launch: no answer from") == [
            "launch: no answer from node2: where a host is gone for good, take it out of \(VirtualHosts.hostfile) "
              + "and start the same command again"
          ])
        #expect(try hosts.programs().filter { $0 != "orted" && $0 != "prted" } == [])
        try wait { try hosts.programs().isEmpty }
      }
    }

    /// It does not answer two starts, which fail at the same place.
    @Test func aJobGoesOnWhenTheHostIsBack() throws {
      try withVirtualHosts(1) { hosts in
        let small = try SmallRun(in: hosts.folder)
        let hold = try Hold(beforeStep: 8, in: hosts.folder)
        defer { hold.release() }
        // Rank 0 is where launch is, which learns of the step.
        let hostfile = try hosts.writeHostfile([hosts.ownName(), "node1"])
        let output = try hosts.launch(
          small.command("checkpoint.every=3") + patience,
          options: ["--ranks-per-node", "1", "--restarts", "9"], hostfile: hostfile, hold: hold
        ) { _ in
          try wait { hold.isReached }
          try hosts.virtualCluster("cut", "node1")
          hold.release()
          try wait { hosts.hasSaid("(3 of 9)") }
          try hosts.virtualCluster("mend", "node1")
          // The start that succeeds comes by the same place.
          try wait { hold.isReached }
          hold.release()
        }
        #expect(output.status == 0, "\(output)")
        try expectUndisturbed(small)
        #expect(
          lines(output, "launch: the job failed").prefix(3) == [
            "launch: the job failed in step 8 of \(small.run.path) (exit code 1): starting it again in 1 s (1 of 9)",
            "launch: the job failed before its run began (exit code 255): starting it again in 2 s (2 of 9)",
            "launch: the job failed before its run began (exit code 255): starting it again in 4 s (3 of 9)",
          ], "\(output)")
        #expect(lines(output, "resuming from ").count == 1, "\(output)")
      }
    }

    /// Its name stays in the hostfile until a person takes it out.
    @Test func withoutAHostThatLostItsPowerTheJobGoesOnWhereItWas() throws {
      try withVirtualHosts(2) { hosts in
        let small = try SmallRun(in: hosts.folder)
        let hold = try Hold(beforeStep: 8, in: hosts.folder)
        defer { hold.release() }
        let command = small.command("checkpoint.every=3")
        let output = try hosts.launch(
          command + patience, options: ["--ranks-per-node", "1", "--restarts", "1"], hold: hold
        ) { _ in
          try wait { hold.isReached }
          try hosts.virtualCluster("remove", "node2")
          hold.release()
        }
        #expect(output.status == 255, "\(output)")
        #expect(
          lines(output, "sluice: ").first?.contains(" (--collective-timeout) for rank 1 on node2, ") == true,
          "\(output)")
        #expect(lines(output, "launch: no answer from node2: ").count == 2, "\(output)")
        #expect(lines(output, "launch: giving up: the job failed (exit code 255)").count == 1, "\(output)")
        #expect(try hosts.programs() == [])

        let hostfile = try hosts.writeHostfile(["node1"])
        let onTheRest = try hosts.launch(command, options: ["--ranks-per-node", "1"], hostfile: hostfile)
        #expect(onTheRest.status == 0, "\(onTheRest)")
        #expect(
          lines(onTheRest, "resuming from ") == ["resuming from \(small.checkpoint(6).path), step 6 of 20"])
        try expectUndisturbed(small)
      }
    }

    @Test func faultsAreDoneAndUndone() throws {
      try withVirtualHosts(2) { hosts in
        let script = hosts.script("virtual-cluster", in: hosts.folder)
        func run(_ line: String) throws -> Program.Output { try script.run(words(line)) }
        #expect(try run("exec node2 uname -n").result == "node2\n")
        #expect(try run("cut node2").status == 0)
        let cut = try run("exec node2 true")
        #expect(cut.status == 255 && cut.errors == "virtual-cluster: node2 does not answer\n")
        #expect(try run("exec node1 true").status == 0)
        #expect(try run("mend node2").status == 0)
        #expect(try run("exec node2 true").status == 0)
        #expect(try run("cut node2 --for 1").status == 0)
        #expect(try run("exec node2 true").status == 0)
        #expect(try run("slow node2 --for 1").status == 0)
        #expect(try run("exec node2 true").status == 0)
        #expect(try run("remove node2").status == 0)
        #expect(try run("exec node2 true").status == 255)
        let mistakes: [(words: String, status: Int32, sentence: String)] = [
          ("cut", 64, "'cut' needs a node, and takes --for SECONDS"),
          ("cut node1 --for soon", 64, "--for needs a number of seconds, got 'soon'"),
          ("slow node1 5", 64, "'slow' needs a node, and takes --for SECONDS"),
          ("mend node1 node2", 64, "'mend' needs a node alone"),
          ("remove node3", 1, "there is no node 'node3'\n"),
          ("exec node3 true", 1, "there is no node 'node3'\n"),
          ("mend node2", 1, "node2 was removed and does not come back: 'down' and 'up' make new nodes\n"),
          ("up 2", 1, "there is a virtual cluster already: take it down first\n"),
        ]
        for mistake in mistakes {
          let output = try run(mistake.words)
          #expect(output.status == mistake.status, "\(output)")
          #expect(output.errors.hasPrefix("virtual-cluster: \(mistake.sentence)"), "\(output)")
          #expect(output.errors.split(separator: "\n").count == 1, "\(output)")
        }
        #expect(try run("down").status == 0)
        #expect(try run("up 3 --rate 1gbit").status == 0)
      }
    }
  }
}
