// Runs one command again and again under limits, once for each input it is sent, and answers what became of it.
//
// It is the first process of a jail (PID 1 of its namespace where there is one) and the only one that the evaluator
// talks to. A request is "LENGTH\n" and the bytes of stdin; an answer is
// "KIND CODE CPU_MS WALL_MS PEAK_KB STOPPED STDOUT_BYTES STDERR_BYTES\n", the stdout and the stderr. KIND is exit, signal
// or unstartable (CODE is then errno); STOPPED is 0, 1 (wall clock), 2 (memory of all processes together)
// or 3 (CPU time).
// The judged program reads and writes memory files, so nothing that outlives it can hold up the evaluator. When the
// evaluator is gone, however it ended, its pipe is closed: then the program is killed at once.

#include "filter.h"
#include "root.h"

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <dirent.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>

struct Job {
    rlim_t memory = 1 << 30, output = 1 << 20, processes = RLIM_INFINITY, diagnostics = 0;
    long cpu_ms = 2000, wall_ms = 6000;
    bool program = false;     // false: a compiler
    bool first = false;       // PID 1 of its own namespace
    bool own_root = false;
    std::string folder = "/";
    std::vector<root::Bind> binds;
    char** command = nullptr;
};

constexpr long KILL_MS = 15000;  // what the kernel may need to end all processes of a program

static int requests, answers;

static bool set_limit(int kind, rlim_t soft, rlim_t hard) {
    rlimit old = {}, limit = {soft, hard};
    getrlimit(static_cast<__rlimit_resource>(kind), &old);
    if (old.rlim_max < limit.rlim_max) limit.rlim_max = old.rlim_max;
    if (limit.rlim_max < limit.rlim_cur) limit.rlim_cur = limit.rlim_max;
    return setrlimit(static_cast<__rlimit_resource>(kind), &limit) == 0;
}

static bool set_limits(const Job& job) {
    rlim_t seconds = static_cast<rlim_t>(job.cpu_ms / 1000 + 2);  // for children; the child itself: see cpu_ms_of()
    // without a limit the stack grows up to that of memory, and threads get 2 MiB each
    bool stack = job.program ? set_limit(RLIMIT_STACK, RLIM_INFINITY, RLIM_INFINITY) : set_limit(RLIMIT_STACK, 8 << 20, 64 << 20);
    return stack && set_limit(RLIMIT_CPU, seconds, seconds + 1) && set_limit(RLIMIT_AS, job.memory, job.memory) &&
           set_limit(RLIMIT_FSIZE, job.output, job.output) && set_limit(RLIMIT_NPROC, job.processes, job.processes) &&
           set_limit(RLIMIT_NOFILE, 64, 64) && set_limit(RLIMIT_CORE, 0, 0) && set_limit(RLIMIT_SIGPENDING, 1024, 1024);
}

// Signals as a new process expects them, whatever was ignored or blocked by whoever started the evaluator.
static void reset_signals() {
    constexpr unsigned long usual[8] = {};
    for (int number = 1; number <= 64; ++number) syscall(SYS_rt_sigaction, number, usual, nullptr, 8);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

struct Trouble {
    int reason = 0, step = 0;  // an errno, and where it came from
};
constexpr const char* STEPS[] = {"start the program", "set its files", "set its limits", "enter its folder", "install the filter of system calls"};

// Ends as the command, or tells what keeps it from starting.
[[noreturn]] static void become(const Job& job, int input, int output, int diagnostics, int trouble) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // should the supervisor be killed where no namespace ends with it
    reset_signals();
    Trouble found;
    if (dup2(input, 0) != 0 || dup2(output, 1) != 1 || dup2(diagnostics, 2) != 2) found.step = 1;
    else if (!set_limits(job)) found.step = 2;
    else if (chdir(job.folder.c_str()) != 0) found.step = 3;
    else if (!filter::install(job.first, job.program)) found.step = 4;
    else execve(job.command[0], job.command, environ);
    found.reason = errno;
    _exit(write(trouble, &found, sizeof found) == sizeof found ? 127 : 126);
}

static long now_ms() {
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

// CPU time of one process so far. RLIMIT_CPU counts whole seconds, and by samples that are 15 % off.
static long cpu_ms_of(pid_t pid) {
    clockid_t clock;
    timespec time;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) return 0;
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

// The numbered entries of a folder of /proc.
static std::vector<int> numbers(const std::string& path) {
    std::vector<int> found;
    DIR* folder = opendir(path.c_str());
    while (dirent* entry = folder ? readdir(folder) : nullptr) {
        if (int number = atoi(entry->d_name)) found.push_back(number);
    }
    if (folder) closedir(folder);
    return found;
}

// What a file of /proc says in kilobytes on the lines of these two names, added up, in bytes.
static rlim_t bytes_said(const std::string& path, const std::string& one, const std::string& other, rlim_t hidden = 0) {
    FILE* file = fopen(path.c_str(), "re");
    if (!file) return errno == EACCES ? hidden : 0;
    rlim_t sum = 0;
    char line[256];
    while (fgets(line, sizeof line, file)) {
        for (const std::string& name : {one, other}) {
            if (strncmp(line, name.c_str(), name.size()) == 0) sum += strtoull(line + name.size(), nullptr, 10) << 10;
        }
    }
    fclose(file);
    return sum;
}

// What the ends of all socket pairs of the namespace may hold at most, in the kernel.
static rlim_t socket_bytes() {
    constexpr rlim_t EACH = 256 << 10;  // a buffer of 208 KiB, the default that programs cannot change, and what goes with it
    FILE* file = fopen("/proc/net/unix", "re");
    if (!file) return 0;
    rlim_t lines = 0;
    for (int byte; (byte = fgetc(file)) != EOF;) lines += byte == '\n';
    fclose(file);
    return lines > 0 ? (lines - 1) * EACH : 0;  // the first line is a heading
}

// Whether all processes of the program together use more memory than it may have.
static bool over_memory(const Job& job, pid_t group) {
    const rlim_t sockets = job.first ? socket_bytes() : 0;
    rlim_t resident = sockets, shares = sockets;
    std::vector<std::pair<std::string, rlim_t>> found;
    for (int pid : numbers("/proc")) {
        if (pid == 1 || (!job.first && getpgid(pid) != group)) continue;
        rlim_t most = 0;
        std::string threads = "/proc/" + std::to_string(pid) + "/task", fullest;
        for (int thread : numbers(threads)) {  // they share their memory, but one that has ended shows none
            std::string task = threads + "/" + std::to_string(thread);
            rlim_t own = bytes_said(task + "/status", "VmRSS:", "VmSwap:");
            if (own > most) most = own, fullest = task;
        }
        resident += most;
        if (most) found.push_back({fullest, most});
    }
    if (resident <= job.memory || access("/proc/self/smaps_rollup", R_OK) != 0) return resident > job.memory;
    // now exactly, at a price: a page that several processes have since a fork counts once
    for (const auto& [task, most] : found) shares += bytes_said(task + "/smaps_rollup", "Pss:", "SwapPss:", most);
    return shares > job.memory;
}

static void kill_all(const Job& job, pid_t group) {
    for (long until = now_ms() + KILL_MS; now_ms() < until; usleep(500)) {
        kill(job.first ? -1 : -group, SIGKILL);  // as PID 1: everything in the namespace but itself
        pid_t reaped;
        while ((reaped = waitpid(-1, nullptr, WNOHANG)) > 0) {
        }
        if (reaped < 0 && errno == ECHILD) return;
    }
    errno = EBUSY;
    root::fail("end the processes of the program");
}

struct Ending {
    int status = 0, stopped = 0;
    rusage usage = {};
    long wall_ms = 0;
};

static void wake(int) {}  // a child has ended: ppoll() returns

static Ending wait_for(const Job& job, pid_t child) {
    Ending ending;
    long started = now_ms();
    sigset_t none;
    sigemptyset(&none);
    while (true) {
        rusage usage;
        int status;
        pid_t reaped;
        while ((reaped = wait4(-1, &status, WNOHANG, &usage)) > 0 && reaped != child) {
        }
        ending.wall_ms = now_ms() - started;
        if (reaped == child) {
            ending.status = status;
            ending.usage = usage;
            kill_all(job, child);
            return ending;
        }
        if (!ending.stopped && ending.wall_ms > job.wall_ms) ending.stopped = 1;
        if (!ending.stopped && cpu_ms_of(child) > job.cpu_ms) ending.stopped = 3;
        if (!ending.stopped && ending.wall_ms > 20 && over_memory(job, child)) ending.stopped = 2;
        if (ending.stopped) kill(job.first ? -1 : -child, SIGKILL);
        pollfd evaluator = {requests, 0, 0};
        timespec tick = {0, ending.stopped ? 1000000 : 50000000};
        if (ppoll(&evaluator, 1, &tick, &none) > 0) {  // it hung up
            kill_all(job, child);
            _exit(0);
        }
    }
}

static void send(const char* bytes, size_t length) {
    while (length > 0) {
        ssize_t sent = write(answers, bytes, length);
        if (sent <= 0) _exit(71);  // the evaluator is gone
        bytes += sent;
        length -= static_cast<size_t>(sent);
    }
}

static std::string content(int file, rlim_t most) {
    std::string bytes(most, '\0');
    size_t length = 0;
    ssize_t got;
    while (length < most && (got = pread(file, &bytes[length], most - length, static_cast<off_t>(length))) > 0) {
        length += static_cast<size_t>(got);
    }
    bytes.resize(length);
    return bytes;
}

static int memory_file(const char* name) {
    int file = static_cast<int>(syscall(SYS_memfd_create, name, 1U));  // 1: closed on exec
    root::check(file >= 0, "make a memory file");
    return file;
}

static void run_once(const Job& job, const std::string& stdin_bytes) {
    int input = memory_file("stdin"), output = memory_file("stdout"), trouble[2];
    int diagnostics = job.diagnostics ? memory_file("stderr") : open("/dev/null", O_WRONLY | O_CLOEXEC);
    root::check(pwrite(input, stdin_bytes.data(), stdin_bytes.size(), 0) == static_cast<ssize_t>(stdin_bytes.size()), "write stdin");
    root::check(diagnostics >= 0 && pipe2(trouble, O_CLOEXEC) == 0, "open files");
    pid_t child = fork();
    root::check(child >= 0, "fork");
    if (child == 0) become(job, input, output, diagnostics, trouble[1]);
    setpgid(child, child);
    close(trouble[1]);
    Ending ending = wait_for(job, child);
    Trouble found;
    bool unstartable = read(trouble[0], &found, sizeof found) == sizeof found;
    if (found.step) { errno = found.reason; root::fail(STEPS[found.step]); }  // ours, not the program's
    std::string written = content(output, job.program ? job.output : job.diagnostics);
    std::string said = job.diagnostics ? content(diagnostics, job.diagnostics) : "";
    bool signalled = WIFSIGNALED(ending.status);
    const timeval &user = ending.usage.ru_utime, &system = ending.usage.ru_stime;
    long cpu_ms = (user.tv_sec + system.tv_sec) * 1000 + (user.tv_usec + system.tv_usec) / 1000;
    char head[200];
    int length = snprintf(head, sizeof head, "%s %d %ld %ld %ld %d %zu %zu\n",
                          unstartable ? "unstartable" : signalled ? "signal" : "exit",
                          unstartable ? found.reason : signalled ? WTERMSIG(ending.status) : WEXITSTATUS(ending.status),
                          cpu_ms, ending.wall_ms, ending.usage.ru_maxrss, ending.stopped, written.size(), said.size());
    send(head, static_cast<size_t>(length));
    send(written.data(), written.size());
    send(said.data(), said.size());
    for (int file : {input, output, diagnostics, trouble[0]}) close(file);
}

static Job read_arguments(int argc, char** argv) {
    Job job;
    int at = 1;
    for (; at < argc && strcmp(argv[at], "--") != 0; ++at) {
        std::string option = argv[at];
        size_t equals = option.find('=');
        std::string name = option.substr(0, equals), value = equals == std::string::npos ? "" : option.substr(equals + 1);
        rlim_t number = strtoull(value.c_str(), nullptr, 10);
        if (name == "cpu") job.cpu_ms = static_cast<long>(number);
        else if (name == "wall") job.wall_ms = static_cast<long>(number);
        else if (name == "memory") job.memory = number;
        else if (name == "output") job.output = number;
        else if (name == "processes") job.processes = number;
        else if (name == "diagnostics") job.diagnostics = number;
        else if (name == "folder") job.folder = value;
        else if (name == "program") job.program = true;
        else if (name == "first") job.first = true;
        else if (name == "root") job.own_root = true;
        else if (name == "read") job.binds.push_back({value, false});
        else if (name == "write") job.binds.push_back({value, true});
        else { errno = EINVAL; root::fail("understand " + option); }
    }
    if (at + 1 >= argc) { errno = EINVAL; root::fail("find a command after --"); }
    job.command = argv + at + 1;
    return job;
}

int main(int argc, char** argv) {
    Job job = read_arguments(argc, argv);
    syscall(SYS_close_range, 3U, ~0U, 0U);
    if (job.own_root) root::enter(job.binds);
    requests = fcntl(0, F_DUPFD_CLOEXEC, 3);
    answers = fcntl(1, F_DUPFD_CLOEXEC, 3);
    root::check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "give up new privileges");
    root::check(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0, "hide");  // the program has our uid: it must not read or trace us
    root::check(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0, "inherit orphans");
    if (job.first && getpid() != 1) { errno = EINVAL; root::fail("be the first process of the jail"); }
    umask(022);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, wake);
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_BLOCK, &blocked, nullptr);
    send("ready\n", 6);
    FILE* stream = fdopen(requests, "r");
    size_t length;
    while (stream && fscanf(stream, "%zu", &length) == 1 && fgetc(stream) == '\n') {
        std::string bytes(length, '\0');
        if (fread(&bytes[0], 1, length, stream) != length) break;
        run_once(job, bytes);
    }
    return 0;
}
