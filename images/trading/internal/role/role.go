package role

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/stackctl/stackctl/images/trading/internal/job"
)

// part is what a role adds to the common service.
type part struct {
	routes     func(*http.ServeMux)
	jobs       []job.Job
	background []func(context.Context)
}

type builder func(deps) (part, error)

func services() map[string]builder {
	return map[string]builder{
		"main_app":                       mainApp,
		"trade_manager":                  tradeManager,
		"trade_executor":                 tradeExecutor,
		"active_trade_supervisor":        activeTradeSupervisor,
		"auto_entry_supervisor":          autoEntrySupervisor,
		"kalshi_account_sync":            kalshiAccountSync,
		"kalshi_api_watchdog":            kalshiAPIWatchdog,
		"cascading_failure_detector":     cascadingFailureDetector,
		"system_monitor":                 systemMonitor,
		"unified_production_coordinator": unifiedProductionCoordinator,
	}
}

// Names returns the long-running roles in order: every service that should
// have a heartbeat.
func Names() []string {
	return slices.Sorted(maps.Keys(services()))
}
